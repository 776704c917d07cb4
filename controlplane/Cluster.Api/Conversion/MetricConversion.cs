using Cluster.Api.Resource;
using V1 = Cluster.Api.AutoscalingV1;
using V2 = Cluster.Api.AutoscalingV2;

namespace Cluster.Api.Conversion;

/// <summary>One number of an autoscaler: version 1 names each way of wanting it by a field, version 2 has a target with a type.</summary>
internal static class MetricConversion
{
    public static V1.MetricSpec ToV1(V2.MetricSpec metric) => new()
    {
        Type = metric.Type,
        Object = metric.Object is { } source ? new()
        {
            Target = Reference(source.DescribedObject), MetricName = source.Metric?.Name ?? "", Selector = source.Metric?.Selector?.Clone(),
            TargetValue = source.Target?.Value?.Clone() ?? Zero, AverageValue = source.Target?.AverageValue?.Clone(),
        } : null,
        Pods = metric.Pods is { } pods ? new()
        {
            MetricName = pods.Metric?.Name ?? "", Selector = pods.Metric?.Selector?.Clone(),
            TargetAverageValue = pods.Target?.AverageValue?.Clone() ?? Zero,
        } : null,
        External = metric.External is { } external ? new()
        {
            MetricName = external.Metric?.Name ?? "", MetricSelector = external.Metric?.Selector?.Clone(),
            TargetValue = external.Target?.Value?.Clone(), TargetAverageValue = external.Target?.AverageValue?.Clone(),
        } : null,
        Resource = metric.Resource is { } resource ? With(
            new V1.ResourceMetricSource { Name = resource.Name, TargetAverageValue = resource.Target?.AverageValue?.Clone() },
            resource.Target, (to, value) => to.TargetAverageUtilization = value) : null,
        ContainerResource = metric.ContainerResource is { } container ? With(
            new V1.ContainerResourceMetricSource
            {
                Name = container.Name, Container = container.Container, TargetAverageValue = container.Target?.AverageValue?.Clone(),
            },
            container.Target, (to, value) => to.TargetAverageUtilization = value) : null,
    };

    public static V2.MetricSpec FromV1(V1.MetricSpec metric) => new()
    {
        Type = metric.Type,
        Object = metric.Object is { } source ? new()
        {
            DescribedObject = Reference(source.Target), Metric = new() { Name = source.MetricName, Selector = source.Selector?.Clone() },
            Target = source.AverageValue is null ? Value(source.TargetValue) : Average(source.AverageValue),
        } : null,
        Pods = metric.Pods is { } pods ? new()
        {
            Metric = new() { Name = pods.MetricName, Selector = pods.Selector?.Clone() }, Target = Average(pods.TargetAverageValue),
        } : null,
        External = metric.External is { } external ? new()
        {
            Metric = new() { Name = external.MetricName, Selector = external.MetricSelector?.Clone() },
            Target = external.TargetAverageValue is null ? Value(external.TargetValue) : Average(external.TargetAverageValue),
        } : null,
        Resource = metric.Resource is { } resource ? new()
        {
            Name = resource.Name,
            Target = Target(resource.HasTargetAverageUtilization, resource.TargetAverageUtilization, resource.TargetAverageValue),
        } : null,
        ContainerResource = metric.ContainerResource is { } container ? new()
        {
            Name = container.Name, Container = container.Container,
            Target = Target(container.HasTargetAverageUtilization, container.TargetAverageUtilization, container.TargetAverageValue),
        } : null,
    };

    public static V1.MetricStatus ToV1(V2.MetricStatus metric) => new()
    {
        Type = metric.Type,
        Object = metric.Object is { } source ? new()
        {
            Target = Reference(source.DescribedObject), MetricName = source.Metric?.Name ?? "", Selector = source.Metric?.Selector?.Clone(),
            CurrentValue = source.Current?.Value?.Clone() ?? Zero, AverageValue = source.Current?.AverageValue?.Clone(),
        } : null,
        Pods = metric.Pods is { } pods ? new()
        {
            MetricName = pods.Metric?.Name ?? "", Selector = pods.Metric?.Selector?.Clone(),
            CurrentAverageValue = pods.Current?.AverageValue?.Clone() ?? Zero,
        } : null,
        External = metric.External is { } external ? new()
        {
            MetricName = external.Metric?.Name ?? "", MetricSelector = external.Metric?.Selector?.Clone(),
            CurrentValue = external.Current?.Value?.Clone() ?? Zero, CurrentAverageValue = external.Current?.AverageValue?.Clone(),
        } : null,
        Resource = metric.Resource is { } resource ? With(
            new V1.ResourceMetricStatus { Name = resource.Name, CurrentAverageValue = resource.Current?.AverageValue?.Clone() ?? Zero },
            resource.Current, (to, value) => to.CurrentAverageUtilization = value) : null,
        ContainerResource = metric.ContainerResource is { } container ? With(
            new V1.ContainerResourceMetricStatus
            {
                Name = container.Name, Container = container.Container, CurrentAverageValue = container.Current?.AverageValue?.Clone() ?? Zero,
            },
            container.Current, (to, value) => to.CurrentAverageUtilization = value) : null,
    };

    public static V2.MetricStatus FromV1(V1.MetricStatus metric) => new()
    {
        Type = metric.Type,
        Object = metric.Object is { } source ? new()
        {
            DescribedObject = Reference(source.Target), Metric = new() { Name = source.MetricName, Selector = source.Selector?.Clone() },
            Current = new() { Value = source.CurrentValue?.Clone(), AverageValue = source.AverageValue?.Clone() },
        } : null,
        Pods = metric.Pods is { } pods ? new()
        {
            Metric = new() { Name = pods.MetricName, Selector = pods.Selector?.Clone() },
            Current = new() { AverageValue = pods.CurrentAverageValue?.Clone() },
        } : null,
        External = metric.External is { } external ? new()
        {
            Metric = new() { Name = external.MetricName, Selector = external.MetricSelector?.Clone() },
            Current = new() { Value = external.CurrentValue?.Clone(), AverageValue = external.CurrentAverageValue?.Clone() },
        } : null,
        Resource = metric.Resource is { } resource ? new()
        {
            Name = resource.Name,
            Current = Current(resource.HasCurrentAverageUtilization, resource.CurrentAverageUtilization, resource.CurrentAverageValue),
        } : null,
        ContainerResource = metric.ContainerResource is { } container ? new()
        {
            Name = container.Name, Container = container.Container,
            Current = Current(container.HasCurrentAverageUtilization, container.CurrentAverageUtilization, container.CurrentAverageValue),
        } : null,
    };

    private static Quantity Zero => new() { String = "0" };

    private static V2.MetricTarget Value(Quantity? value) => new() { Type = "Value", Value = value?.Clone() };

    private static V2.MetricTarget Average(Quantity? value) => new() { Type = "AverageValue", AverageValue = value?.Clone() };

    private static V2.MetricTarget Target(bool isUtilization, int utilization, Quantity? average) =>
        isUtilization ? new() { Type = "Utilization", AverageUtilization = utilization } : Average(average);

    private static V2.MetricValueStatus Current(bool isUtilization, int utilization, Quantity? average)
    {
        var current = new V2.MetricValueStatus { AverageValue = average?.Clone() };
        if (isUtilization)
            current.AverageUtilization = utilization;
        return current;
    }

    private static T With<T>(T source, V2.MetricTarget? target, Action<T, int> set)
    {
        if (target is { HasAverageUtilization: true })
            set(source, target.AverageUtilization);
        return source;
    }

    private static T With<T>(T source, V2.MetricValueStatus? current, Action<T, int> set)
    {
        if (current is { HasAverageUtilization: true })
            set(source, current.AverageUtilization);
        return source;
    }

    private static V1.CrossVersionObjectReference Reference(V2.CrossVersionObjectReference? reference) =>
        new() { ApiVersion = reference?.ApiVersion ?? "", Kind = reference?.Kind ?? "", Name = reference?.Name ?? "" };

    private static V2.CrossVersionObjectReference Reference(V1.CrossVersionObjectReference? reference) =>
        new() { ApiVersion = reference?.ApiVersion ?? "", Kind = reference?.Kind ?? "", Name = reference?.Name ?? "" };
}
