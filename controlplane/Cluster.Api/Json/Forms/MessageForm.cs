using Google.Protobuf;

namespace Cluster.Api.Json.Forms;

/// <summary>A message as a JSON object.</summary>
internal readonly struct MessageForm<T> : IValueForm<T>
    where T : class, IMessage<T>, new()
{
    public static string GoType => MessageCodec<T>.Instance.GoType;

    public static T Zero => new();

    public static bool IsZero(T value) => false;

    public static T Read(ref JsonInput input) => MessageCodec<T>.Instance.Read(ref input);

    public static void Normalize(T value) => MessageCodec<T>.Instance.Normalize(value);

    public static void Write(ref JsonOutput output, T value)
    {
        output.BeginObject();
        MessageCodec<T>.Instance.WriteFields(ref output, value);
        output.EndObject();
    }
}
