using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>Gives the containers of a new pod what its namespace's LimitRanges say they ask for, and keeps pods and claims within their bounds.</summary>
internal sealed class LimitRanger(IObjectReader reader) : IAdmissionPlugin
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    /// <summary>Told at once: a pod of some megabytes has a hundred thousand containers, each beyond its bound in its own way.</summary>
    private const int MostErrors = 100;

    private static readonly ResourceType Ranges = ResourceCatalog.For<LimitRange>();

    public string Name => "LimitRanger";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Scope.Subresource: null, Object: Pod { Spec: { } spec } pod })
        {
            List<string> done = [];
            foreach (var item in Items(request).Where(item => item.Type == "Container"))
            {
                foreach (var container in spec.Containers)
                    Fill(container, "container", item, done);
                foreach (var container in spec.InitContainers)
                    Fill(container, "init container", item, done);
            }

            if (done.Count > 0)
                (pod.Metadata ??= new ObjectMeta()).Annotations[Annotation] = "LimitRanger plugin set: " + string.Join("; ", done);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        // What a pod asks for cannot change later; what a claim asks for can grow.
        if (request.Scope.Subresource is null && request.Operation != AdmissionOperation.Delete
            && (request is { Object: Pod, Operation: AdmissionOperation.Create } || request.Object is PersistentVolumeClaim))
        {
            var errors = Items(request).SelectMany(item => LimitRangeBounds.Check(item, request.Object)).Distinct().Take(MostErrors).ToList();
            if (errors.Count > 0)
            {
                throw StatusErrors.Forbidden(
                    request.Scope.Resource, request.Object.Metadata?.Name ?? "", errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]");
            }
        }

        return ValueTask.CompletedTask;
    }

    private IEnumerable<LimitRangeItem> Items(AdmissionRequest request) =>
        request.Scope.Namespace is { } ns ? reader.List(Ranges, ns).Cast<LimitRange>().SelectMany(range => range.Spec?.Limits ?? []) : [];

    private static void Fill(Container container, string what, LimitRangeItem item, List<string> done)
    {
        if (item.Default.Count == 0 && item.DefaultRequest.Count == 0)
            return;
        var resources = container.Resources ??= new ResourceRequirements();
        Fill(resources.Limits, item.Default, $"limit for {what} {container.Name}", done);
        Fill(resources.Requests, item.DefaultRequest, $"request for {what} {container.Name}", done);
    }

    private static void Fill(
        IDictionary<string, Api.Resource.Quantity> amounts, IDictionary<string, Api.Resource.Quantity> defaults, string what, List<string> done)
    {
        var missing = defaults.Keys.Where(name => !amounts.ContainsKey(name)).Order(StringComparer.Ordinal).ToList();
        foreach (var name in missing)
            amounts[name] = defaults[name].Clone();
        if (missing.Count > 0)
            done.Add($"{string.Join(", ", missing)} {what}");
    }
}
