using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.Patching;
using Cluster.Client;

namespace Cluster.Testing;

/// <summary>Patches by the contract's own codec.</summary>
internal static class FakePatch
{
    public static IApiObject Apply(ResourceType type, IApiObject old, PatchBody patch)
    {
        var patched = Patch.Apply(JsonCodec.ToNode(old), patch.MediaType, patch.Content.Memory, type.Descriptor);
        return (IApiObject)Patch.Decode(patched, type.Descriptor, FieldValidation.Ignore, null, patch.MediaType, patch.Content.Memory);
    }
}
