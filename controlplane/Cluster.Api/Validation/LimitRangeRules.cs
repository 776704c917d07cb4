using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Google.Protobuf.Collections;

namespace Cluster.Api.Validation;

internal sealed class LimitRangeRules : KindRules<LimitRange>
{
    private static readonly string[] Types = ["Pod", "Container", "PersistentVolumeClaim"];

    protected override void Check(LimitRange obj, FieldErrors errors)
    {
        var seen = new HashSet<string>();
        var limits = obj.Spec?.Limits ?? [];
        for (var i = 0; i < limits.Count; i++)
        {
            var (limit, path) = (limits[i], FieldPath.Spec.Child("limits").Index(i));
            Type(limit.Type, path.Child("type"), errors);
            if (!seen.Add(limit.Type))
            {
                errors.Duplicate(path.Child("type"), limit.Type);
            }
            Names(limit, path, errors);
            OfType(limit, path, errors);
            foreach (var name in limit.Max.Keys.Concat(limit.Min.Keys).Concat(limit.Default.Keys).Concat(limit.DefaultRequest.Keys)
                         .Concat(limit.MaxLimitRequestRatio.Keys).Distinct().Order(StringComparer.Ordinal))
            {
                Order(limit, name, path, errors);
            }
        }
    }

    private static void Type(string type, FieldPath path, FieldErrors errors)
    {
        var count = errors.Found;
        errors.Format(path, type, NameFormats.QualifiedName);
        if (errors.Found == count && !type.Contains('/', StringComparison.Ordinal) && !Types.Contains(type))
        {
            errors.Invalid(path, type, "must be a standard limit type or fully qualified");
        }
    }

    private static void Names(LimitRangeItem limit, FieldPath path, FieldErrors errors)
    {
        var isPod = limit.Type == "Pod";
        (MapField<string, Resource.Quantity> Amounts, string Field)[] all =
        [
            (limit.Max, "max"), (limit.Min, "min"), (isPod ? [] : limit.Default, "default"),
            (isPod ? [] : limit.DefaultRequest, "defaultRequest"), (limit.MaxLimitRequestRatio, "maxLimitRequestRatio"),
        ];
        foreach (var (amounts, field) in all)
        {
            foreach (var name in amounts.Keys)
            {
                var at = path.Child(field).Key(name);
                if (limit.Type is "Pod" or "Container")
                {
                    ResourceRules.Name(name, at, errors);
                }
                else
                {
                    ResourceRules.AnyName(name, at, errors);
                }
            }
        }
    }

    private static void OfType(LimitRangeItem limit, FieldPath path, FieldErrors errors)
    {
        if (limit.Type == "Pod" && limit.Default.Count > 0)
        {
            errors.Forbidden(path.Child("default"), "may not be specified when `type` is 'Pod'");
        }
        if (limit.Type == "Pod" && limit.DefaultRequest.Count > 0)
        {
            errors.Forbidden(path.Child("defaultRequest"), "may not be specified when `type` is 'Pod'");
        }
        if (limit.Type == "PersistentVolumeClaim" && !limit.Min.ContainsKey("storage") && !limit.Max.ContainsKey("storage"))
        {
            errors.Required(path.Child("limits"), "either minimum or maximum storage value is required, but neither was provided");
        }
    }

    /// <summary>min, default request, default and max are each not larger than the next.</summary>
    private static void Order(LimitRangeItem limit, string name, FieldPath path, FieldErrors errors)
    {
        var (min, max) = (Amount(limit.Min, name), Amount(limit.Max, name));
        var (usual, request) = (Amount(limit.Default, name), Amount(limit.DefaultRequest, name));
        Compare(min, max, path.Child("min").Key(name), min, ("min value", "max value"), errors);
        Compare(min, request, path.Child("defaultRequest").Key(name), request, ("min value", "default request value"), errors);
        Compare(request, max, path.Child("defaultRequest").Key(name), request, ("default request value", "max value"), errors);
        Compare(request, usual, path.Child("defaultRequest").Key(name), request, ("default request value", "default limit value"), errors);
        Compare(min, usual, path.Child("default").Key(name), min, ("min value", "default value"), errors);
        Compare(usual, max, path.Child("default").Key(name), max, ("default value", "max value"), errors);
        if (Amount(limit.MaxLimitRequestRatio, name) is { } ratio && ratio < QuantityValue.FromLong(1))
        {
            errors.Invalid(path.Child("maxLimitRequestRatio").Key(name), ratio.ToString(), $"ratio {ratio} is less than 1");
        }
    }

    private static void Compare(
        QuantityValue? small, QuantityValue? large, FieldPath path, QuantityValue? shown, (string Small, string Large) names, FieldErrors errors)
    {
        if (small is { } less && large is { } more && less > more)
        {
            errors.Invalid(path, shown.ToString(), $"{names.Small} {less} is greater than {names.Large} {more}");
        }
    }

    private static QuantityValue? Amount(MapField<string, Resource.Quantity> amounts, string name) =>
        amounts.TryGetValue(name, out var amount) && QuantityValue.TryParse(amount.String, out var value) ? value : null;
}
