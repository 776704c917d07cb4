using Cluster.Api;
using Cluster.Client;

namespace Cluster.Testing;

/// <summary>Patches by the contract's own codec.</summary>
internal static class FakePatch
{
    public static IApiObject Apply(ResourceType type, IApiObject old, PatchBody patch) =>
        throw new NotSupportedException($"{patch.MediaType} of {type.Kind} {old.Metadata.Name}");
}
