using Cluster.Api.CoreV1;
using Google.Protobuf.Collections;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>Which updates of a pod are looked at: those that could bring in something a standard forbids.</summary>
internal static class PodChange
{
    /// <summary>Another container or another image; of all else that may change nothing matters. A pod that was there before its namespace's labels can so be ended and labelled.</summary>
    public static bool Matters(PodSpec after, PodSpec before) =>
        !HaveSameImages(after.Containers, before.Containers)
        || !HaveSameImages(after.InitContainers, before.InitContainers)
        || after.EphemeralContainers.Any(one => before.EphemeralContainers.FirstOrDefault(old => old.EphemeralContainerCommon?.Name == one.EphemeralContainerCommon?.Name) is not { } known
            || known.EphemeralContainerCommon?.Image != one.EphemeralContainerCommon?.Image);

    private static bool HaveSameImages(RepeatedField<Container> after, RepeatedField<Container> before) =>
        after.Count == before.Count && after.Zip(before).All(pair => pair.First.Image == pair.Second.Image);
}
