using System.Collections.Concurrent;
using Cluster.Api.Options;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Patching;

/// <summary>How a strategic patch treats the fields of a message. Made once a type.</summary>
internal sealed class PatchSchema
{
    private static readonly ConcurrentDictionary<MessageDescriptor, PatchSchema> ByMessage = new();

    private readonly Dictionary<string, PatchField> fields = new(StringComparer.Ordinal);
    private readonly string name;

    private PatchSchema(MessageDescriptor message)
    {
        name = message.Name;
        Add(message);
    }

    public static PatchSchema Of(MessageDescriptor message) => ByMessage.GetOrAdd(message, static key => new PatchSchema(key));

    /// <exception cref="PatchException">There is no such field.</exception>
    public PatchField this[string key] => fields.TryGetValue(key, out var field) ? field
        : throw new PatchException($"unable to find api field in struct {name} for the json field \"{key}\"", PatchException.Unforeseen);

    private void Add(MessageDescriptor message)
    {
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            var options = field.GetOptions();
            if (options?.GetExtension(OptionsExtensions.Inline) ?? false)
                Add(field.MessageType);
            else
                fields[field.JsonName] = new PatchField(field, options);
        }
    }
}
