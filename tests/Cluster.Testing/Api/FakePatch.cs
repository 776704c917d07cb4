using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Client;

namespace Cluster.Testing;

/// <summary>Patches by the contract's own codec.</summary>
internal static class FakePatch
{
    public static IApiObject Apply(ResourceType type, IApiObject old, PatchBody patch)
    {
        if (patch.MediaType != PatchBody.MergePatch)
        {
            throw new NotSupportedException(patch.MediaType);
        }

        var node = Merge(JsonCodec.ToNode(old), JsonNode.Parse(patch.Content.Span));
        return (IApiObject)JsonCodec.FromNode(node!, type.Descriptor, FieldValidation.Strict, null);
    }

    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = target as JsonObject ?? [];
        foreach (var (name, value) in changes)
        {
            var merged = Merge(result[name]?.DeepClone(), value);
            if (merged is null)
            {
                result.Remove(name);
            }
            else
            {
                result[name] = merged;
            }
        }

        return result;
    }
}
