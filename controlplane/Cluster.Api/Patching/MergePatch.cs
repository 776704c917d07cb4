using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>RFC 7386: objects merge, null removes, everything else replaces.</summary>
internal static class MergePatch
{
    public const string BadPatch = "Invalid JSON Patch";

    public static JsonNode Apply(JsonNode current, JsonNode? patch)
    {
        if (patch is JsonArray list)
        {
            RemoveNulls(list);
            return list;
        }

        if (patch is not JsonObject changes)
            throw new PatchException(BadPatch, PatchException.Malformed);
        if (current is not JsonObject target)
            throw new PatchException("Invalid JSON Document", PatchException.Unforeseen);
        Merge(target, changes);
        return target;
    }

    private static void Merge(JsonObject target, JsonObject changes)
    {
        foreach (var (key, value) in changes.ToArray())
        {
            changes.Remove(key);
            if (value is null)
            {
                target.Remove(key);
            }
            else if (target[key] is JsonObject inner && value is JsonObject innerChanges)
            {
                Merge(inner, innerChanges);
            }
            else
            {
                RemoveNulls(value);
                target[key] = value;
            }
        }
    }

    private static void RemoveNulls(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
                RemoveNulls(item);
        }
        else if (node is JsonObject members)
        {
            foreach (var (key, value) in members.ToArray())
            {
                if (value is null)
                    members.Remove(key);
                else
                    RemoveNulls(value);
            }
        }
    }
}
