using Cluster.Api.Json.Fields;
using Cluster.Api.Options;
using Google.Protobuf;

namespace Cluster.Api.Apply.Schema;

/// <summary>A message: one that is not set is left out, or null, or there with its own empty fields.</summary>
internal sealed class MessageReader<TMessage, TValue>(Property<TMessage, TValue> property, Presence presence) : FieldReader
    where TMessage : class, IMessage
    where TValue : class, IMessage<TValue>, new()
{
    // Shared and never changed: comparisons only look at it. A time that is not set is null, not an empty struct.
    private readonly TValue? _empty = presence == Presence.Always
        && (new TValue().Descriptor.GetOptions()?.GetExtension(OptionsExtensions.JsonForm) ?? JsonForm.Object) is not (JsonForm.Time or JsonForm.MicroTime) ? new TValue() : null;

    /// <inheritdoc/>
    public override bool TryGet(IMessage owner, out object? value)
    {
        value = property.Get((TMessage)owner);
        if (value is not null)
            return true;
        value = _empty;
        return presence != Presence.OmitEmpty;
    }
}
