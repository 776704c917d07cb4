using Cluster.Api.CoreV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of a container and its probes.</summary>
internal static class ContainerDefaults
{
    public static void Apply(Container container)
    {
        container.ImagePullPolicy = container.ImagePullPolicy.Or(IsLatest(container.Image) ? "Always" : "IfNotPresent");
        container.TerminationMessagePath = container.TerminationMessagePath.Or("/dev/termination-log");
        container.TerminationMessagePolicy = container.TerminationMessagePolicy.Or("File");
        ResourceListDefaults.Apply(container.Resources);
        foreach (var port in container.Ports)
        {
            port.Protocol = port.Protocol.Or("TCP");
        }
        foreach (var variable in container.Env)
        {
            Apply(variable.ValueFrom?.FieldRef);
        }
        Apply(container.LivenessProbe);
        Apply(container.ReadinessProbe);
        Apply(container.StartupProbe);
        Apply(container.Lifecycle?.PostStart?.HttpGet);
        Apply(container.Lifecycle?.PreStop?.HttpGet);
    }

    public static void Apply(ObjectFieldSelector? selector)
    {
        if (selector is not null)
        {
            selector.ApiVersion = selector.ApiVersion.Or("v1");
        }
    }

    private static void Apply(Probe? probe)
    {
        if (probe is null)
        {
            return;
        }
        probe.TimeoutSeconds = NonZero(probe.TimeoutSeconds, 1);
        probe.PeriodSeconds = NonZero(probe.PeriodSeconds, 10);
        probe.SuccessThreshold = NonZero(probe.SuccessThreshold, 1);
        probe.FailureThreshold = NonZero(probe.FailureThreshold, 3);
        Apply(probe.Handler?.HttpGet);
        if (probe.Handler?.Grpc is { HasService: false } grpc)
        {
            grpc.Service = "";
        }
    }

    private static void Apply(HTTPGetAction? action)
    {
        if (action is not null)
        {
            action.Path = action.Path.Or("/");
            action.Scheme = action.Scheme.Or("HTTP");
        }
    }

    /// <summary>The tag is latest, said or left out; a digest alone is no tag.</summary>
    private static bool IsLatest(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        var digest = name.IndexOf('@', StringComparison.Ordinal);
        var tagged = digest < 0 ? name : name[..digest];
        var colon = tagged.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? digest < 0 : tagged[(colon + 1)..] == "latest";
    }

    private static int NonZero(int value, int fallback) => value == 0 ? fallback : value;
}
