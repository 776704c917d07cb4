using System.Collections;
using Cluster.Api.Json.Fields;
using Cluster.Api.Options;
using Google.Protobuf;

namespace Cluster.Api.Apply.Schema;

/// <summary>A list or map: an empty one is left out, or null.</summary>
internal sealed class CollectionReader<TMessage, TValue>(Property<TMessage, TValue> property, Presence presence) : FieldReader
    where TMessage : class, IMessage
    where TValue : class, ICollection
{
    /// <inheritdoc/>
    public override bool TryGet(IMessage owner, out object? value)
    {
        var items = property.Get((TMessage)owner);
        value = items.Count > 0 ? items : null;
        return value is not null || presence != Presence.OmitEmpty;
    }
}
