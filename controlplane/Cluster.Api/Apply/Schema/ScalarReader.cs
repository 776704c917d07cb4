using Cluster.Api.Json.Fields;
using Cluster.Api.Options;
using Google.Protobuf;

namespace Cluster.Api.Apply.Schema;

/// <summary>A scalar whose zero stands for one that is left out, unless it is always written.</summary>
internal sealed class ScalarReader<TMessage, TValue>(Property<TMessage, TValue> property, Presence presence) : FieldReader
    where TMessage : class, IMessage
{
    /// <inheritdoc/>
    public override bool TryGet(IMessage owner, out object? value)
    {
        var scalar = property.Get((TMessage)owner);
        if (!IsZero(scalar))
        {
            value = scalar;
            return true;
        }

        // Bytes that are none are null; every other zero is written as it is.
        value = presence == Presence.Always && scalar is not ByteString ? scalar : null;
        return presence == Presence.Always;
    }

    private static bool IsZero(TValue value) => value switch
    {
        string text => text.Length == 0,
        ByteString bytes => bytes.IsEmpty,
        _ => EqualityComparer<TValue>.Default.Equals(value, default),
    };
}
