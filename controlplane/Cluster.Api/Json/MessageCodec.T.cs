using Google.Protobuf;

namespace Cluster.Api.Json;

/// <summary>The codec of <typeparamref name="T"/>.</summary>
internal sealed class MessageCodec<T> : MessageCodec
    where T : class, IMessage<T>, new()
{
    public static readonly MessageCodec<T> Instance = new();

    private MessageCodec()
        : base(new T().Descriptor)
    {
    }

    public override IMessage NewMessage() => new T();

    public override IMessage ReadMessage(ref JsonInput input) => Read(ref input);

    public T Read(ref JsonInput input)
    {
        var message = new T();
        ReadInto(ref input, message);
        return message;
    }
}
