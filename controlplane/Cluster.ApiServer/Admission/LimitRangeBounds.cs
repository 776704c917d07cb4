using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Quotas;

namespace Cluster.ApiServer.Admission;

/// <summary>One entry of a LimitRange against an object.</summary>
internal static class LimitRangeBounds
{
    /// <summary>What breaks the entry's bounds, in Kubernetes' words; empty: nothing, or the entry is about another type.</summary>
    public static IEnumerable<string> Check(LimitRangeItem item, IApiObject obj) => (item.Type, obj) switch
    {
        ("Container", Pod { Spec: { } spec }) => spec.Containers.Concat(spec.InitContainers).SelectMany(container => Check(item,
            QuotaAmounts.From(container.Resources?.Requests ?? []), QuotaAmounts.From(container.Resources?.Limits ?? []))),
        ("Pod", Pod { Spec: { } spec }) => Check(item, Pods.Requests(spec), Pods.Limits(spec)),
        ("PersistentVolumeClaim", PersistentVolumeClaim claim) => CheckClaim(item, QuotaAmounts.From(claim.Spec?.Resources?.Requests ?? [])),
        _ => [],
    };

    private static IEnumerable<string> Check(
        LimitRangeItem item, Dictionary<string, QuantityValue> requests, Dictionary<string, QuantityValue> limits) =>
        QuotaAmounts.From(item.Min).Select(bound => Min(item.Type, bound, Of(requests, bound.Key), Of(limits, bound.Key)))
            .Concat(QuotaAmounts.From(item.Max).Select(bound => Max(item.Type, bound, Of(requests, bound.Key), Of(limits, bound.Key))))
            .Concat(QuotaAmounts.From(item.MaxLimitRequestRatio).Select(bound => Ratio(item.Type, bound, Of(requests, bound.Key), Of(limits, bound.Key))))
            .OfType<string>();

    private static IEnumerable<string> CheckClaim(LimitRangeItem item, Dictionary<string, QuantityValue> requests) =>
        QuotaAmounts.From(item.Min).Select(bound => Min(item.Type, bound, Of(requests, bound.Key), null))
            .Concat(QuotaAmounts.From(item.Max).Select(bound => MaxRequest(item.Type, bound, Of(requests, bound.Key))))
            .OfType<string>();

    private static QuantityValue? Of(Dictionary<string, QuantityValue> amounts, string name) =>
        amounts.TryGetValue(name, out var amount) ? amount : null;

    private static string? Min(string type, KeyValuePair<string, QuantityValue> bound, QuantityValue? request, QuantityValue? limit)
    {
        var rule = $"minimum {bound.Key} usage per {type} is {bound.Value}";
        return request is not { } asked ? $"{rule}.  No request is specified"
            : asked < bound.Value ? $"{rule}, but request is {asked}"
            : limit < bound.Value ? $"{rule}, but limit is {limit}"
            : null;
    }

    private static string? Max(string type, KeyValuePair<string, QuantityValue> bound, QuantityValue? request, QuantityValue? limit)
    {
        var rule = $"maximum {bound.Key} usage per {type} is {bound.Value}";
        return limit is not { } most ? $"{rule}.  No limit is specified"
            : most > bound.Value ? $"{rule}, but limit is {most}"
            : request > bound.Value ? $"{rule}, but request is {request}"
            : null;
    }

    private static string? MaxRequest(string type, KeyValuePair<string, QuantityValue> bound, QuantityValue? request)
    {
        var rule = $"maximum {bound.Key} usage per {type} is {bound.Value}";
        return request is not { } asked ? $"{rule}.  No request is specified" : asked > bound.Value ? $"{rule}, but request is {asked}" : null;
    }

    private static string? Ratio(string type, KeyValuePair<string, QuantityValue> bound, QuantityValue? request, QuantityValue? limit)
    {
        var rule = $"{bound.Key} max limit to request ratio per {type} is {bound.Value}";
        if (request is not { IsZero: false } asked)
            return $"{rule}, but no request is specified or request is 0";
        if (limit is not { IsZero: false } most)
            return $"{rule}, but no limit is specified or limit is 0";
        var ratio = (double)most.MilliValue / asked.MilliValue;
        return ratio * 1000 > bound.Value.MilliValue ? $"{rule}, but provided ratio is {ratio.ToString("F6", CultureInfo.InvariantCulture)}" : null;
    }
}
