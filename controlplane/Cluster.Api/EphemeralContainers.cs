using Cluster.Api.CoreV1;
using Google.Protobuf;

namespace Cluster.Api;

/// <summary>Containers that are added to a running pod to look into it: containers by another type, with the same fields.</summary>
public static class EphemeralContainers
{
    /// <summary>The same as a plain container.</summary>
    public static Container ToContainer(EphemeralContainer container) =>
        Container.Parser.ParseFrom(container.EphemeralContainerCommon?.ToByteString() ?? ByteString.Empty);

    /// <summary>The fields of a plain container as those of an ephemeral one.</summary>
    public static EphemeralContainerCommon FromContainer(Container container) =>
        EphemeralContainerCommon.Parser.ParseFrom(container.ToByteString());

    /// <summary>A pod's main, init and ephemeral containers, in this order.</summary>
    public static IEnumerable<Container> AllContainers(this PodSpec spec) =>
        spec.Containers.Concat(spec.InitContainers).Concat(spec.EphemeralContainers.Select(ToContainer));
}
