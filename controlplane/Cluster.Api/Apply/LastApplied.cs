using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Apply.Trees;
using Cluster.Api.Json;
using Cluster.Api.Validation;

namespace Cluster.Api.Apply;

/// <summary>The annotation in which kubectl's own apply keeps what it has applied last.</summary>
internal static class LastApplied
{
    private const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    public static bool IsIn(IApiObject obj) =>
        obj.Metadata.Annotations.TryGetValue(Annotation, out var text) && text.Length > 0;

    /// <summary>Notes a configuration, so that kubectl can go back to apply on its own side.</summary>
    public static void Write(IApiObject obj, JsonObject patch)
    {
        var copy = (JsonObject)patch.DeepClone();
        (copy["metadata"]?["annotations"] as JsonObject)?.Remove(Annotation);
        var buffer = new ArrayBufferWriter<byte>();
        var output = new JsonOutput(buffer, null);
        WriteSorted(ref output, copy);
        output.Flush();
        var annotations = obj.Metadata.Annotations;
        annotations[Annotation] = Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
        if (!ObjectMetaRules.AnnotationsFit(annotations))
            annotations.Remove(Annotation);
    }

    /// <summary>The fields that were applied last and still are as they were applied; null: there is no such note.</summary>
    public static FieldSet? Unchanged(ApplyType type, string apiVersion, JsonObject live)
    {
        if ((live["metadata"]?["annotations"] as JsonObject)?[Annotation]?.ToString() is not { Length: > 0 } text)
            return null;
        if (Parse(text) is not { } last || last["apiVersion"]?.ToString() != apiVersion)
            return null;
        if (TreeValidation.Check(type, last, allowsDuplicates: false).Count > 0 || TreeValidation.Check(type, live, allowsDuplicates: false).Count > 0)
            return null;
        var changes = TreeComparison.Compare(type, last, live);
        return TreeFields.Of(type, last).Difference(changes.Modified).Difference(changes.Added).Difference(changes.Removed);
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonTrees.Parse(Encoding.UTF8.GetBytes(text)) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void WriteSorted(ref JsonOutput output, JsonNode? node)
    {
        switch (node)
        {
            case null:
                output.Null();
                break;
            case JsonObject members:
                output.BeginObject();
                foreach (var (key, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
                {
                    output.Key(key);
                    WriteSorted(ref output, value);
                }

                output.EndObject();
                break;
            case JsonArray list:
                output.BeginArray();
                foreach (var item in list)
                    WriteSorted(ref output, item);
                output.EndArray();
                break;
            default:
                Scalar.Of(node).Write(ref output);
                break;
        }
    }
}
