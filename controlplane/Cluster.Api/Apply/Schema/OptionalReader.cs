using Cluster.Api.Json.Fields;
using Cluster.Api.Options;
using Google.Protobuf;

namespace Cluster.Api.Apply.Schema;

/// <summary>A scalar with presence: a pointer in Go.</summary>
internal sealed class OptionalReader<TMessage, TValue>(Property<TMessage, TValue> property, Presence presence) : FieldReader
    where TMessage : class, IMessage
{
    /// <inheritdoc/>
    public override bool TryGet(IMessage owner, out object? value)
    {
        var message = (TMessage)owner;
        value = property.Has!(message) ? property.Get(message) : null;
        return value is not null || presence == Presence.NullWhenUnset;
    }
}
