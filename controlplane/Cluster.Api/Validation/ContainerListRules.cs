using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>All containers of a pod together: names are unique, host ports do not clash, init containers do less.</summary>
internal static class ContainerListRules
{
    private const string OnlySidecars = "may not be set for init containers without restartPolicy=Always";

    public static void Check(PodSpec spec, IReadOnlyDictionary<string, VolumeSource> volumes, FieldPath path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        Containers(spec, volumes, names, path.Child("containers"), errors);
        for (var i = 0; i < spec.InitContainers.Count; i++)
        {
            InitContainer(spec, spec.InitContainers[i], volumes, names, path.Child("initContainers").Index(i), errors);
        }
        HostPorts(spec.Containers, path.Child("containers"), errors);
    }

    private static void Containers(
        PodSpec spec, IReadOnlyDictionary<string, VolumeSource> volumes, HashSet<string> names, FieldPath path, FieldErrors errors)
    {
        if (spec.Containers.Count == 0)
        {
            errors.Required(path);
        }
        for (var i = 0; i < spec.Containers.Count; i++)
        {
            var (container, at) = (spec.Containers[i], path.Index(i));
            ContainerRules.Check(container, volumes, at, errors);
            Unique(container.Name, names, at, errors);
            ProbeRules.Check(container, spec, at, errors);
            if (container.HasRestartPolicy)
            {
                errors.Forbidden(at.Child("restartPolicy"), "may not be set for non-init containers");
            }
        }
    }

    private static void InitContainer(
        PodSpec spec, Container container, IReadOnlyDictionary<string, VolumeSource> volumes, HashSet<string> names, FieldPath path,
        FieldErrors errors)
    {
        ContainerRules.Check(container, volumes, path, errors);
        Unique(container.Name, names, path, errors);
        if (container.HasRestartPolicy && container.RestartPolicy != "Always")
        {
            errors.NotSupported(path.Child("restartPolicy"), container.RestartPolicy, ["Always"]);
        }
        if (container.IsSidecar())
        {
            ProbeRules.Check(container, spec, path, errors);
            return;
        }
        Refuse(container.Lifecycle, path.Child("lifecycle"), errors);
        Refuse(container.LivenessProbe, path.Child("livenessProbe"), errors);
        Refuse(container.ReadinessProbe, path.Child("readinessProbe"), errors);
        Refuse(container.StartupProbe, path.Child("startupProbe"), errors);
    }

    private static void Refuse(object? value, FieldPath path, FieldErrors errors)
    {
        if (value is not null)
        {
            errors.Forbidden(path, OnlySidecars);
        }
    }

    private static void Unique(string name, HashSet<string> names, FieldPath path, FieldErrors errors)
    {
        if (name.Length > 0 && !names.Add(name))
        {
            errors.Duplicate(path.Child("name"), name);
        }
    }

    private static void HostPorts(IReadOnlyList<Container> containers, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<string>();
        for (var c = 0; c < containers.Count; c++)
        {
            for (var p = 0; p < containers[c].Ports.Count; p++)
            {
                var port = containers[c].Ports[p];
                if (port.HostPort == 0)
                {
                    continue;
                }
                var binding = $"{port.Protocol}/{port.HostIP}/{port.HostPort}";
                if (!seen.Add(binding))
                {
                    errors.Duplicate(path.Index(c).Child("ports").Index(p).Child("hostPort"), binding);
                }
            }
        }
    }
}
