using Cluster.Api.CoreV1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using static Cluster.Api.ResourceEntry;

namespace Cluster.Api;

/// <summary>The resources that a client of the API speaks of: all of the catalog, or in a program that is built so those alone that a proxy needs.</summary>
public static class ClientResources
{
    /// <summary>The resource whose objects are <typeparamref name="T"/>.</summary>
    /// <exception cref="KeyNotFoundException">It is no served kind, or not one of this program's.</exception>
    public static ResourceType For<T>()
        where T : IApiObject, new() => OfType<T>.Value;

    /// <summary>The resource of a message.</summary>
    /// <exception cref="KeyNotFoundException">It is no served kind, or not one of this program's.</exception>
    public static ResourceType For(IMessage message) => Find(message.Descriptor);

    private static ResourceType Find(MessageDescriptor descriptor) =>
        (ApiFeatures.ProxyResourcesAlone ? Proxys.Find(descriptor) : ResourceCatalog.Find(descriptor)) ?? throw new KeyNotFoundException($"{descriptor.FullName} is no resource of this program");

    private static class OfType<T>
        where T : IApiObject, new()
    {
        public static readonly ResourceType Value = Find(new T().Descriptor);
    }

    /// <summary>What the catalog tells of them and a client uses: names and scope.</summary>
    internal static class Proxys
    {
        private static readonly ResourceType Slices = Namespaced(DiscoveryV1.EndpointSlice.Descriptor, "endpointslices");

        public static IReadOnlyList<ResourceType> All { get; } =
        [
            Global(Node.Descriptor, "nodes"),
            Namespaced(Service.Descriptor, "services"),
            Namespaced(Event.Descriptor, "events"),
            Slices,
            DiscoveryV1Beta1.EndpointSlice.Descriptor.VersionOf(Slices),
        ];

        public static ResourceType? Find(MessageDescriptor descriptor)
        {
            foreach (var type in All)
                if (type.Descriptor == descriptor) return type;
            return null;
        }
    }
}
