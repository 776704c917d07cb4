using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Cluster.Client;

/// <summary>Cuts a watch stream into events: a JSON object a line, or protobuf messages after their lengths.</summary>
internal static class WatchFrames
{
    private const int LengthPrefix = 4;

    /// <summary>The events' words and objects, until the server ends the stream.</summary>
    /// <exception cref="IOException">The stream broke off within an event, or an event is larger than allowed.</exception>
    public static async IAsyncEnumerable<(string Type, ReadOnlyMemory<byte> Object)> ReadAsync(
        Stream stream, bool protobuf, int maxBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream);
        await using var _ = new Completion(reader);
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (TryCut(ref buffer, protobuf, maxBytes, out var frame))
            {
                if (frame.Length > 0)
                {
                    yield return protobuf ? ReadProtobuf(frame) : ReadJson(frame);
                }
            }

            if (read.IsCompleted)
            {
                if (buffer.Length > 0)
                {
                    throw new IOException("the watch broke off within an event");
                }

                yield break;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static bool TryCut(ref ReadOnlySequence<byte> buffer, bool protobuf, int maxBytes, out byte[] frame)
    {
        frame = [];
        if (protobuf)
        {
            return TryCutLength(ref buffer, maxBytes, out frame);
        }

        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            var line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            frame = line.ToArray();
            return true;
        }

        return buffer.Length > maxBytes ? throw TooLarge(buffer.Length) : false;
    }

    private static bool TryCutLength(ref ReadOnlySequence<byte> buffer, int maxBytes, out byte[] frame)
    {
        frame = [];
        if (buffer.Length < LengthPrefix)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[LengthPrefix];
        buffer.Slice(0, LengthPrefix).CopyTo(prefix);
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (length > maxBytes)
        {
            throw TooLarge(length);
        }

        if (buffer.Length < LengthPrefix + length)
        {
            return false;
        }

        frame = buffer.Slice(LengthPrefix, length).ToArray();
        buffer = buffer.Slice(LengthPrefix + length);
        return true;
    }

    private static (string Type, ReadOnlyMemory<byte> Object) ReadProtobuf(byte[] frame)
    {
        var change = Api.MetaV1.WatchEvent.Parser.ParseFrom(frame);
        return (change.Type, change.Object.Raw.Memory);
    }

    private static (string Type, ReadOnlyMemory<byte> Object) ReadJson(byte[] frame)
    {
        var type = "";
        ReadOnlyMemory<byte> obj = default;
        var reader = new Utf8JsonReader(frame);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            switch (name)
            {
                case "type":
                    type = reader.GetString() ?? "";
                    break;
                case "object":
                    obj = frame.AsMemory(start, (int)reader.BytesConsumed - start);
                    break;
            }
        }

        return (type, obj);
    }

    private static IOException TooLarge(long bytes) => new($"the server sent a watch event of {bytes} bytes or more");

    /// <summary>Completes the reader however the enumeration ends.</summary>
    private readonly struct Completion(PipeReader reader) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => reader.CompleteAsync();
    }
}
