using Cluster.Api.Options;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Patching;

/// <summary>How a strategic patch treats one field.</summary>
internal sealed class PatchField
{
    private readonly FieldDescriptor descriptor;
    private PatchSchema? inner;

    public PatchField(FieldDescriptor field, FieldOptions? options)
    {
        descriptor = field;
        var strategies = (options?.GetExtension(OptionsExtensions.PatchStrategy) ?? "").Split(',');
        Merges = strategies.Contains("merge");
        Replaces = strategies.Contains("replace");
        MergeKey = options?.GetExtension(OptionsExtensions.PatchMergeKey) ?? "";
    }

    /// <summary>A list whose elements are merged by key, or gathered when they are scalars.</summary>
    public bool Merges { get; }

    /// <summary>A map that is replaced as a whole.</summary>
    public bool Replaces { get; }

    /// <summary>The key by which list elements are told apart; empty for scalars.</summary>
    public string MergeKey { get; }

    /// <summary>The fields of the message, or of the list's elements; null for a map or scalars, where none are looked up.</summary>
    public PatchSchema? Inner => inner ??= !descriptor.IsMap && descriptor.FieldType == FieldType.Message
        ? PatchSchema.Of(descriptor.MessageType)
        : null;
}
