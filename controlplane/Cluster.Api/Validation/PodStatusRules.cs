using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>What a node may report about a pod.</summary>
internal static class PodStatusRules
{
    private static readonly FieldPath Status = FieldPath.Status;
    private static readonly PodStatus NoStatus = new();

    /// <summary>Ephemeral containers are not started again, whatever the pod's policy.</summary>
    private static readonly PodSpec NeverAgain = new() { RestartPolicy = "Never" };

    public static void Check(Pod pod, Pod before, FieldErrors errors)
    {
        var (status, old) = (pod.Status ?? NoStatus, before.Status ?? NoStatus);
        if (pod.Spec?.NodeName != before.Spec?.NodeName)
        {
            errors.Forbidden(Status.Child("nodeName"), "may not be changed directly");
        }
        if (status.NominatedNodeName != old.NominatedNodeName)
        {
            errors.OptionalFormat(Status.Child("nominatedNodeName"), status.NominatedNodeName, NameFormats.Dns1123Subdomain);
        }
        if (old.QosClass.Length > 0)
        {
            errors.Unchanged(Status.Child("qosClass"), status.QosClass, old.QosClass);
        }
        StayTerminated(status.ContainerStatuses, old.ContainerStatuses, before.Spec, Status.Child("containerStatuses"), errors);
        StayTerminated(status.InitContainerStatuses, old.InitContainerStatuses, before.Spec, Status.Child("initContainerStatuses"), errors);
        StayTerminated(
            status.EphemeralContainerStatuses, old.EphemeralContainerStatuses, NeverAgain, Status.Child("ephemeralContainerStatuses"), errors);
        Addresses(status, errors);
    }

    /// <summary>A container that is not to be started again has no other state after its end.</summary>
    private static void StayTerminated(
        IReadOnlyList<ContainerStatus> now, IReadOnlyList<ContainerStatus> before, PodSpec? spec, FieldPath path, FieldErrors errors)
    {
        if (spec is null or { RestartPolicy: "Always" })
        {
            return;
        }
        for (var i = 0; i < before.Count; i++)
        {
            var ended = before[i].State?.Terminated;
            var mayRestart = ended is null || (ended.ExitCode != 0 && spec.RestartPolicy == "OnFailure")
                || spec.InitContainers.Any(container => container.Name == before[i].Name && container.IsSidecar());
            if (!mayRestart && now.Any(status => status.Name == before[i].Name && status.State?.Terminated is null))
            {
                errors.Forbidden(path.Index(i).Child("state"), "may not be transitioned to non-terminated state");
            }
        }
    }

    private static void Addresses(PodStatus status, FieldErrors errors)
    {
        var path = Status.Child("podIPs");
        for (var i = 0; i < status.PodIPs.Count; i++)
        {
            errors.Format(path.Index(i), status.PodIPs[i].Ip, NameFormats.IP);
        }
        var families = status.PodIPs.Select(ip => ip.Ip.Contains(':', StringComparison.Ordinal)).Distinct().Count();
        if (status.PodIPs.Count > Math.Max(families, 1))
        {
            errors.Invalid(path, GoStructs.List("core.PodIP", status.PodIPs.Select(GoStructs.Show)), "may specify no more than one IP for each IP family");
        }
        for (var i = 0; i < status.PodIPs.Count; i++)
        {
            if (status.PodIPs.IndexOf(status.PodIPs[i]) < i)
            {
                errors.Duplicate(path.Index(i), status.PodIPs[i]);
            }
        }
    }
}
