using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;

namespace Cluster.ApiServer.Rest;

/// <summary>What stands around an object in a watch: <c>{"type":"ADDED","object":...}</c> and a newline, or a length and a WatchEvent.</summary>
internal static class WatchFrame
{
    private const byte TypeTag = (1 << 3) | 2;
    private const byte ObjectTag = (2 << 3) | 2;
    private const byte RawTag = (1 << 3) | 2;

    public static void BeginJson(IBufferWriter<byte> output, string type)
    {
        output.Write("{\"type\":\""u8);
        Encoding.ASCII.GetBytes(type.AsSpan(), output);
        output.Write("\",\"object\":"u8);
    }

    public static void EndJson(IBufferWriter<byte> output) => output.Write("}\n"u8);

    /// <summary>A whole event as one message, whose length its carrier tells.</summary>
    public static ReadOnlyMemory<byte> Message(string type, ReadOnlySpan<byte> obj, bool isProtobuf)
    {
        var output = new ArrayBufferWriter<byte>(obj.Length + 64);
        if (isProtobuf)
        {
            BeginProtobuf(output, type, obj.Length);
            output.Write(obj);
            return output.WrittenMemory[sizeof(int)..];
        }

        BeginJson(output, type);
        output.Write(obj);
        EndJson(output);
        return output.WrittenMemory;
    }

    /// <summary>Four bytes of length, then a bare WatchEvent whose object is a RawExtension around the bytes that follow.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">ASCII.</param>
    /// <param name="length">Of the enveloped object.</param>
    public static void BeginProtobuf(IBufferWriter<byte> output, string type, int length)
    {
        var extension = 1 + CodedOutputStream.ComputeLengthSize(length) + length;
        var head = 2 + type.Length + 1 + CodedOutputStream.ComputeLengthSize(extension) + extension - length;
        var span = output.GetSpan(sizeof(int) + head);
        BinaryPrimitives.WriteInt32BigEndian(span, head + length);
        var at = sizeof(int);
        span[at++] = TypeTag;
        span[at++] = (byte)type.Length;
        at += Encoding.ASCII.GetBytes(type, span[at..]);
        span[at++] = ObjectTag;
        at += Varint(span[at..], extension);
        span[at++] = RawTag;
        at += Varint(span[at..], length);
        output.Advance(at);
    }

    private static int Varint(Span<byte> output, int value)
    {
        var count = 0;
        for (var rest = (uint)value; ; rest >>= 7)
        {
            output[count++] = (byte)(rest < 0x80 ? rest : rest | 0x80);
            if (rest < 0x80)
                return count;
        }
    }
}
