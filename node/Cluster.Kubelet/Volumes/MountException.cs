namespace Cluster.Kubelet.Volumes;

/// <summary>A volume can't be made as the pod describes it (yet). Shown as the event FailedMount.</summary>
public sealed class MountException(string volume, string reason)
    : Exception($"MountVolume.SetUp failed for volume \"{volume}\" : {reason}");
