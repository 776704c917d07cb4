using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>A field of a child message that JSON shows at the parent's level, such as the source of a volume.</summary>
internal sealed class InlinedField<TMessage, TChild>(JsonField inner, Property<TMessage, TChild> child) : JsonField(inner.Name)
    where TMessage : class, IMessage
    where TChild : class, IMessage<TChild>, new()
{
    private static readonly TChild Empty = new();

    public override void Read(ref JsonInput input, IMessage message)
    {
        var owner = (TMessage)message;
        var target = child.Get(owner);
        if (target is null)
            child.Set(owner, target = new TChild());
        inner.Read(ref input, target);
    }

    public override void Normalize(IMessage message)
    {
        if (child.Get((TMessage)message) is { } value)
            inner.Normalize(value);
    }

    public override void Write(ref JsonOutput output, IMessage message) => inner.Write(ref output, child.Get((TMessage)message) ?? Empty);
}
