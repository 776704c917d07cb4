using Cluster.Api.AutoscalingV2;
using Cluster.Api.Quantities;

namespace Cluster.Api.Validation;

/// <summary>One number an autoscaler scales by.</summary>
internal static class MetricRules
{
    private const string NoTarget = "must set either a target raw value or a target utilization";
    private const string TwoTargets = "may not set both a target raw value and a target utilization";

    public static void Check(MetricSpec metric, FieldPath path, FieldErrors errors)
    {
        if (metric.Type.Length == 0)
        {
            errors.Required(path.Child("type"), "must specify a metric source type");
        }
        (string Type, string Name, object? Source)[] sources =
        [
            ("ContainerResource", "containerResource", metric.ContainerResource), ("External", "external", metric.External),
            ("Object", "object", metric.Object), ("Pods", "pods", metric.Pods), ("Resource", "resource", metric.Resource),
        ];
        if (!sources.Any(source => source.Type == metric.Type))
        {
            errors.NotSupported(path.Child("type"), metric.Type, sources.Select(source => source.Type));
        }
        Source(metric, path, errors);
        foreach (var (type, name, source) in sources)
        {
            if (type == metric.Type && source is null)
            {
                errors.Required(path.Child(name), "must populate information for the given metric source");
            }
            if (type != metric.Type && source is not null)
            {
                errors.Forbidden(path.Child(name), "must populate the given metric source only");
            }
        }
    }

    private static void Source(MetricSpec metric, FieldPath path, FieldErrors errors)
    {
        switch (metric.Type)
        {
            case "Object" when metric.Object is { } source:
                Object(source, path.Child("object"), errors);
                break;
            case "External" when metric.External is { } source:
                External(source, path.Child("external"), errors);
                break;
            case "Pods" when metric.Pods is { } source:
                Pods(source, path.Child("pods"), errors);
                break;
            case "Resource" when metric.Resource is { } source:
                Resource(source.Name, source.Target, path.Child("resource"), errors);
                break;
            case "ContainerResource" when metric.ContainerResource is { } source:
                Resource(source.Name, source.Target, path.Child("containerResource"), errors);
                if (source.Container.Length == 0)
                {
                    errors.Required(path.Child("containerResource").Child("container"), "must specify a container");
                }
                break;
        }
    }

    private static void Object(ObjectMetricSource source, FieldPath path, FieldErrors errors)
    {
        AutoscalerRules.Reference(source.DescribedObject ?? new CrossVersionObjectReference(), path.Child("describedObject"), errors);
        Identifier(source.Metric, path.Child("metric"), errors);
        Target(source.Target, path.Child("target"), errors);
        if (source.Target is not ({ Value: not null } or { AverageValue: not null }))
        {
            errors.Required(path.Child("target").Child("averageValue"), "must set either a target value or averageValue");
        }
    }

    private static void External(ExternalMetricSource source, FieldPath path, FieldErrors errors)
    {
        Identifier(source.Metric, path.Child("metric"), errors);
        Target(source.Target, path.Child("target"), errors);
        if (source.Target is not ({ Value: not null } or { AverageValue: not null }))
        {
            errors.Required(path.Child("target").Child("averageValue"), "must set either a target value for metric or a per-pod target");
        }
        if (source.Target is { Value: not null, AverageValue: not null })
        {
            errors.Forbidden(path.Child("target").Child("value"), "may not set both a target value for metric and a per-pod target");
        }
    }

    private static void Pods(PodsMetricSource source, FieldPath path, FieldErrors errors)
    {
        Identifier(source.Metric, path.Child("metric"), errors);
        Target(source.Target, path.Child("target"), errors);
        if (!IsPositive(source.Target?.AverageValue))
        {
            errors.Required(path.Child("target").Child("averageValue"), "must specify a positive target averageValue");
        }
    }

    private static void Resource(string name, MetricTarget? target, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path.Child("name"), "must specify a resource name");
        }
        Target(target, path.Child("target"), errors);
        if (target is not ({ HasAverageUtilization: true } or { AverageValue: not null }))
        {
            errors.Required(path.Child("target").Child("averageUtilization"), NoTarget);
        }
        if (target is { HasAverageUtilization: true, AverageValue: not null })
        {
            errors.Forbidden(path.Child("target").Child("averageValue"), TwoTargets);
        }
    }

    private static void Identifier(MetricIdentifier? metric, FieldPath path, FieldErrors errors)
    {
        if (errors.Present(path.Child("name"), metric?.Name ?? ""))
        {
            errors.Format(path.Child("name"), metric!.Name, NameFormats.PathSegment);
        }
    }

    private static void Target(MetricTarget? target, FieldPath path, FieldErrors errors)
    {
        var type = target?.Type ?? "";
        if (type.Length == 0)
        {
            errors.Required(path.Child("type"), "must specify a metric target type");
        }
        if (type is not ("Utilization" or "Value" or "AverageValue"))
        {
            errors.Invalid(path.Child("type"), type, "must be either Utilization, Value, or AverageValue");
        }
        Positive(target?.Value, path.Child("value"), errors);
        Positive(target?.AverageValue, path.Child("averageValue"), errors);
        if (target is { HasAverageUtilization: true, AverageUtilization: < 1 })
        {
            errors.Invalid(path.Child("averageUtilization"), target.AverageUtilization, "must be greater than 0");
        }
    }

    private static void Positive(Resource.Quantity? amount, FieldPath path, FieldErrors errors)
    {
        if (amount is not null && !IsPositive(amount))
        {
            errors.Invalid(path, amount.String, "must be positive");
        }
    }

    private static bool IsPositive(Resource.Quantity? amount) => QuantityValue.TryParse(amount?.String, out var value) && value.Sign > 0;
}
