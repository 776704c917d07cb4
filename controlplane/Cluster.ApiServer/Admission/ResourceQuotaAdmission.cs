using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Quotas;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>A namespace holds no more than its ResourceQuotas allow: each write is charged to their status before it is stored.</summary>
/// <remarks>
/// All quotas that an object falls under are charged in one transaction, conditional on the versions the decision was made on, so that any
/// number of API servers together never admit more than the bound. A write that is tried again pays once (<see cref="QuotaCharges"/>); one that fails after its charge leaves too much in the status;
/// the controller, which counts what is there, puts that right. Deletes are not seen here: they free by the controller's count alone.
/// </remarks>
internal sealed class ResourceQuotaAdmission(IObjectReader reader, QuotaLedger ledger, TimeProvider time) : IAdmissionPlugin
{
    private static readonly ResourceType Quotas = ResourceCatalog.For<ResourceQuota>();

    /// <summary>Where a quota bounds one of these, each container must name its share: what is not named cannot be counted.</summary>
    private static readonly string[] MustBeNamed = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

    public string Name => "ResourceQuota";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var scope = request.Scope;
        if (scope.Subresource is not null || scope.Namespace is not { } ns || request.Object is not { } obj)
            return ValueTask.CompletedTask;
        var keys = reader.List(Quotas, ns).Cast<ResourceQuota>().Where(quota => Concerns(quota, scope.Resource, obj))
            .Select(quota => Quotas.Key(ns, quota.Metadata.Name)).ToList();
        return keys.Count == 0 || !CanGrow(request) ? ValueTask.CompletedTask : ChargeAsync(request, obj, keys, cancellationToken);
    }

    /// <summary>Pods are charged when they are made; what else can grow, by updates too.</summary>
    private static bool CanGrow(AdmissionRequest request) => request.Operation switch
    {
        AdmissionOperation.Create => request.Scope.Resource.StoragePrefix is not null,
        AdmissionOperation.Update => request.Object is Service or PersistentVolumeClaim,
        _ => false,
    };

    private static bool Concerns(ResourceQuota quota, ResourceType type, IApiObject obj) =>
        quota.Spec is { } spec && spec.Hard.Keys.Any(name => QuotaUsage.IsOf(type, name)) && QuotaScopes.Match(spec, obj);

    // It will be refused. The cache may still have one that is gone from the store, whose successor must be paid for.
    private async ValueTask<bool> IsTakenAsync(AdmissionRequest request, string name, CancellationToken cancellationToken) =>
        request.Operation == AdmissionOperation.Create
        && reader.Find(request.Scope.Resource, request.Scope.Namespace, name) is not null
        && await reader.FindFreshAsync(request.Scope.Resource, request.Scope.Namespace, name, cancellationToken) is not null;

    private async ValueTask ChargeAsync(AdmissionRequest request, IApiObject obj, List<string> keys, CancellationToken cancellationToken)
    {
        if (await IsTakenAsync(request, obj.Metadata.Name, cancellationToken))
            return;
        var type = request.Scope.Resource;
        var now = time.GetUtcNow();
        var usage = QuotaUsage.Of(type, obj, now);
        var growth = QuotaAmounts.Growth(usage, request.OldObject is { } old ? QuotaUsage.Of(type, old, now) : []);
        var (charges, uid) = (request.Scope.Charges, obj.Metadata.Uid);
        Dictionary<string, IReadOnlyDictionary<string, QuantityValue>> bills = new(StringComparer.Ordinal);
        await ledger.ChangeAsync([.. keys.Union(charges.KeysOf(uid))], request.Scope.DryRun, quota => Charge(quota), cancellationToken);
        if (!request.Scope.DryRun)
        {
            foreach (var (key, bill) in bills)
                charges.Note(uid, key, bill);
        }

        bool Charge(ResourceQuota quota)
        {
            var key = Quotas.Key(quota.Metadata.Namespace, quota.Metadata.Name);
            var bill = Concerns(quota, type, obj) ? Bill(quota, type, obj, growth) : new Dictionary<string, QuantityValue>(StringComparer.Ordinal);
            bills[key] = bill;
            return Pay(quota, type, obj, Due(bill, charges.Paid(uid, key)));
        }
    }

    // What is to be paid, without what was already; less than that is given back.
    private static Dictionary<string, QuantityValue> Due(Dictionary<string, QuantityValue> bill, IReadOnlyDictionary<string, QuantityValue> paid) =>
        bill.Keys.Union(paid.Keys).Select(resource => KeyValuePair.Create(resource, bill.GetValueOrDefault(resource) - paid.GetValueOrDefault(resource)))
            .Where(one => one.Value != default).ToDictionary(StringComparer.Ordinal);

    /// <summary>What the quota bounds of the growth, or throws where that cannot be told.</summary>
    private static Dictionary<string, QuantityValue> Bill(ResourceQuota quota, ResourceType type, IApiObject obj, Dictionary<string, QuantityValue> growth)
    {
        var name = quota.Metadata.Name;
        if (obj is Pod pod && Unnamed(pod.Spec, quota.Spec.Hard.Keys) is { Length: > 0 } missing)
            throw StatusErrors.Forbidden(type, obj.Metadata.Name, $"failed quota: {name}: must specify {missing}");
        var status = quota.Status ??= new ResourceQuotaStatus();
        var unknown = quota.Spec.Hard.Keys.Where(one => QuotaUsage.IsOf(type, one) && !(status.Hard.ContainsKey(one) && status.Used.ContainsKey(one)))
            .Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
            throw StatusErrors.Forbidden(type, obj.Metadata.Name, $"status unknown for quota: {name}, resources: {string.Join(',', unknown)}");
        return growth.Where(one => status.Hard.ContainsKey(one.Key)).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>Adds the amounts to the quota's status, or throws. False: there is nothing to pay.</summary>
    private static bool Pay(ResourceQuota quota, ResourceType type, IApiObject obj, Dictionary<string, QuantityValue> due)
    {
        if (due.Count == 0)
            return false;
        var status = quota.Status ??= new ResourceQuotaStatus();
        var hard = QuotaAmounts.From(status.Hard);
        var used = QuotaAmounts.From(status.Used);
        var exceeded = due.Where(one => one.Value > default(QuantityValue) && used.GetValueOrDefault(one.Key) + one.Value > hard.GetValueOrDefault(one.Key)).ToList();
        if (exceeded.Count > 0)
            throw StatusErrors.Forbidden(type, obj.Metadata.Name, Exceeded(quota.Metadata.Name, exceeded, used, hard));
        foreach (var (resource, amount) in due)
        {
            // A count in between may have taken the charge back already.
            var total = used.GetValueOrDefault(resource) + amount;
            status.Used[resource] = (total < default(QuantityValue) ? default : total).ToQuantity();
        }

        return true;
    }

    private static string Exceeded(
        string quota, List<KeyValuePair<string, QuantityValue>> exceeded, Dictionary<string, QuantityValue> used, Dictionary<string, QuantityValue> hard)
    {
        var names = exceeded.ConvertAll(one => one.Key);
        return $"exceeded quota: {quota}, requested: {QuotaAmounts.Text(exceeded)}, used: {Of(used)}, limited: {Of(hard)}";

        string Of(Dictionary<string, QuantityValue> amounts) =>
            QuotaAmounts.Text(names.Select(name => KeyValuePair.Create(name, amounts.GetValueOrDefault(name))));
    }

    /// <summary>The bounded resources that some container does not name, each with those containers: <c>limits.cpu for: a,b; memory for: a</c>.</summary>
    private static string Unnamed(PodSpec spec, ICollection<string> bounded) => string.Join("; ",
        MustBeNamed.Where(bounded.Contains).Order(StringComparer.Ordinal)
            .Select(resource => (Resource: resource, Containers: spec.Containers.Concat(spec.InitContainers)
                .Where(container => !Names(container, resource)).Select(container => container.Name).Order(StringComparer.Ordinal).ToList()))
            .Where(one => one.Containers.Count > 0)
            .Select(one => $"{one.Resource} for: {string.Join(',', one.Containers)}"));

    private static bool Names(Container container, string resource) => resource.StartsWith("limits.", StringComparison.Ordinal)
        ? container.Resources?.Limits.ContainsKey(resource["limits.".Length..]) == true
        : container.Resources?.Requests.ContainsKey(resource.Replace("requests.", "", StringComparison.Ordinal)) == true;
}
