using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>A pod's spec, of a pod or in a template.</summary>
internal static class PodSpecRules
{
    private static readonly string[] DnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

    /// <param name="spec">After defaulting.</param>
    /// <param name="isPod">False for a template, which is allowed a little more.</param>
    /// <param name="path">Where the spec stands.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public static void Check(PodSpec spec, bool isPod, FieldPath path, FieldErrors errors)
    {
        if (!spec.HasTerminationGracePeriodSeconds)
        {
            errors.Required(path.Child("terminationGracePeriodSeconds"));
        }
        var volumes = VolumeRules.Check(spec.Volumes, path.Child("volumes"), errors);
        ContainerListRules.Check(spec, volumes, path, errors);
        HostNetwork(spec, isPod, path, errors);
        errors.OneOf(path.Child("restartPolicy"), spec.RestartPolicy, "Always", "OnFailure", "Never");
        errors.OneOf(path.Child("dnsPolicy"), spec.DnsPolicy, DnsPolicies);
        PodDnsRules.Check(spec, path.Child("dnsConfig"), errors);
        PodDnsRules.HostAliases(spec.HostAliases, path.Child("hostAliases"), errors);
        ObjectMetaRules.Labels(spec.NodeSelector, path.Child("nodeSelector"), errors);
        SecurityContextRules.OfPod(spec, path.Child("securityContext"), errors);
        PlacementRules.Check(spec, path, errors);
        Names(spec, path, errors);
        if (spec is { HasActiveDeadlineSeconds: true })
        {
            errors.Invalid(
                path.Child("activeDeadlineSeconds"), spec.ActiveDeadlineSeconds,
                NameFormats.Range(spec.ActiveDeadlineSeconds, 1, int.MaxValue));
        }
        if (spec.HasPreemptionPolicy)
        {
            errors.OneOf(path.Child("preemptionPolicy"), spec.PreemptionPolicy, "PreemptLowerPriority", "Never");
        }
        ResourceRules.Overhead(spec.Overhead, path.Child("overhead"), errors);
    }

    /// <summary>On the host's network a container's port is the host's; a template may leave that to defaulting.</summary>
    private static void HostNetwork(PodSpec spec, bool isPod, FieldPath path, FieldErrors errors)
    {
        if (!spec.HostNetwork)
        {
            return;
        }
        for (var c = 0; c < spec.Containers.Count; c++)
        {
            var ports = spec.Containers[c].Ports;
            for (var p = 0; p < ports.Count; p++)
            {
                if ((isPod || ports[p].HostPort != 0) && ports[p].HostPort != ports[p].ContainerPort_)
                {
                    errors.Invalid(
                        path.Child("containers").Index(c).Child("ports").Index(p).Child("hostPort"), ports[p].HostPort,
                        "must match `containerPort` when `hostNetwork` is true");
                }
            }
        }
    }

    private static void Names(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        errors.OptionalFormat(path.Child("serviceAccountName"), spec.ServiceAccountName, NameFormats.Dns1123Subdomain);
        errors.OptionalFormat(path.Child("nodeName"), spec.NodeName, NameFormats.Dns1123Subdomain);
        errors.OptionalFormat(path.Child("hostname"), spec.Hostname, NameFormats.Dns1123Label);
        errors.OptionalFormat(path.Child("subdomain"), spec.Subdomain, NameFormats.Dns1123Label);
        errors.OptionalFormat(path.Child("priorityClassName"), spec.PriorityClassName, NameFormats.Dns1123Subdomain);
        if (spec.HasRuntimeClassName)
        {
            errors.Format(path.Child("runtimeClassName"), spec.RuntimeClassName, NameFormats.Dns1123Subdomain);
        }
        for (var i = 0; i < spec.ReadinessGates.Count; i++)
        {
            var type = path.Child("readinessGates").Index(i).Child("conditionType");
            errors.Format(type, spec.ReadinessGates[i].ConditionType, NameFormats.QualifiedName);
        }
        for (var i = 0; i < spec.SchedulingGates.Count; i++)
        {
            var gate = path.Child("schedulingGates").Index(i);
            errors.Format(gate, spec.SchedulingGates[i].Name, NameFormats.QualifiedName);
            if (spec.SchedulingGates.Take(i).Any(earlier => earlier.Name == spec.SchedulingGates[i].Name))
            {
                errors.Duplicate(gate, spec.SchedulingGates[i].Name);
            }
        }
    }
}
