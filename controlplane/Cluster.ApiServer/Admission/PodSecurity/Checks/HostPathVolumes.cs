namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>hostPathVolumes: nothing of the node's file system is mounted.</summary>
internal static class HostPathVolumes
{
    public static Violation? Check(PodSubject pod)
    {
        var names = pod.Spec.Volumes.Where(volume => volume.VolumeSource?.HostPath is not null).Select(volume => volume.Name).ToList();
        return names.Count == 0 ? null : new Violation("hostPath volumes", $"{Wording.Plural("volume", "volumes", names.Count)} {Wording.Quoted(names)}");
    }
}
