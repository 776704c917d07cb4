using System.Globalization;
using Cluster.Api.CertificatesV1;
using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;
using Cluster.Api.NodeV1;
using Cluster.Api.PolicyV1;
using Cluster.Api.Resource;
using Cluster.Api.SchedulingV1;

namespace Cluster.Api.Tables;

/// <summary>What bounds other objects: budgets, quotas, priorities, and requests that somebody must approve.</summary>
internal static class PolicyColumns
{
    private const string LimitPrefix = "limits.";

    public static TableColumns OfMutatingWebhooks() => new TableBuilder<AdmissionRegistrationV1.MutatingWebhookConfiguration>()
        .Name()
        .Number("Webhooks", "Number of webhooks.", configuration => configuration.Webhooks.Count)
        .Age()
        .Build();

    public static TableColumns OfValidatingWebhooks() => new TableBuilder<AdmissionRegistrationV1.ValidatingWebhookConfiguration>()
        .Name()
        .Number("Webhooks", "Number of webhooks.", configuration => configuration.Webhooks.Count)
        .Age()
        .Build();

    public static TableColumns OfPodDisruptionBudget() => new TableBuilder<PodDisruptionBudget>()
        .Name()
        .Text("Min Available", "So many pods must stay.", budget => Amount(budget.Spec?.MinAvailable))
        .Text("Max Unavailable", "So many pods may be missing.", budget => Amount(budget.Spec?.MaxUnavailable))
        .Number("Allowed Disruptions", "So many pods may be evicted now.", budget => budget.Status?.DisruptionsAllowed ?? 0)
        .Age()
        .Build();

    public static TableColumns OfResourceQuota() => new TableBuilder<ResourceQuota>()
        .Name()
        .Age()
        .Text("Request", "Used and allowed, of requests and counts.", quota => Usage(quota, limits: false))
        .Text("Limit", "Used and allowed, of limits.", quota => Usage(quota, limits: true))
        .Build();

    public static TableColumns OfPriorityClass() => new TableBuilder<PriorityClass>()
        .Name()
        .Number("Value", "The priority; a higher one goes first.", item => item.Value)
        .Add("Global-Default", "boolean", "", "Pods that name no class have this one.", 0, (item, _) => item.GlobalDefault)
        .Age()
        .Build();

    public static TableColumns OfRuntimeClass() => new TableBuilder<RuntimeClass>()
        .Name()
        .Text("Handler", "What the node's runtime calls it.", item => item.Handler)
        .Age()
        .Build();

    public static TableColumns OfCertificateSigningRequest() => new TableBuilder<CertificateSigningRequest>()
        .Name()
        .Age()
        .Text("SignerName", "Who is to sign.", request => CellText.OrNone(request.Spec?.SignerName))
        .Text("Requestor", "Who asks.", request => request.Spec?.Username ?? "")
        .Text("RequestedDuration", "How long the certificate should hold.", Duration)
        .Text("Condition", "What became of the request.", Condition)
        .Build();

    public static TableColumns OfComponentStatus() => new TableBuilder<ComponentStatus>()
        .Name()
        .Text("Status", "Whether the component is healthy.", Health)
        .Text("Message", "What it says.", status => Healthy(status)?.Message ?? "")
        .Text("Error", "What went wrong in asking it.", status => Healthy(status)?.Error ?? "")
        .Build();

    private static string Amount(IntOrString? value) => value?.ToText() ?? "N/A";

    private static string Usage(ResourceQuota quota, bool limits) => string.Join(", ", (quota.Status?.Hard ?? [])
        .Where(hard => hard.Key.StartsWith(LimitPrefix, StringComparison.Ordinal) == limits)
        .OrderBy(hard => hard.Key, StringComparer.Ordinal)
        .Select(hard => $"{hard.Key}: {Used(quota, hard.Key)}/{hard.Value.String}"));

    private static string Used(ResourceQuota quota, string name) => quota.Status.Used.TryGetValue(name, out Quantity? used) ? used.String : "0";

    private static string Duration(CertificateSigningRequest request) => request.Spec is { HasExpirationSeconds: true } spec
        ? AgeText.Of(TimeSpan.FromSeconds(spec.ExpirationSeconds)) : CellText.None;

    private static string Condition(CertificateSigningRequest request)
    {
        var types = request.Status?.Conditions.Select(condition => condition.Type).ToHashSet() ?? [];
        var verdict = types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending";
        var failed = types.Contains("Failed") ? ",Failed" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{verdict}{failed}{(request.Status?.Certificate.Length > 0 ? ",Issued" : "")}");
    }

    private static string Health(ComponentStatus status) => Healthy(status)?.Status switch
    {
        "True" => "Healthy",
        "False" => "Unhealthy",
        _ => "Unknown",
    };

    private static ComponentCondition? Healthy(ComponentStatus status) => status.Conditions.FirstOrDefault(condition => condition.Type == "Healthy");
}
