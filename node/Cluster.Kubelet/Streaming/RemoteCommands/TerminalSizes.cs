using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Cluster.Kubelet.Streaming.RemoteCommands;

/// <summary>Sizes of a client's terminal, as it sends them.</summary>
internal static class TerminalSizes
{
    /// <summary>No size is as long; what is longer is no size.</summary>
    private const int MaxBytes = 512;

    /// <summary>Reads JSON objects, whatever pieces they come in, until the stream ends or holds something else.</summary>
    public static async IAsyncEnumerable<(int Width, int Height)> ReadAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxBytes];
        var held = 0;
        while (held < buffer.Length)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(held), cancellationToken);
            if (count == 0) yield break;
            held += count;
            int end;
            while ((end = buffer.AsSpan(0, held).IndexOf((byte)'}')) >= 0)
            {
                if (Parse(buffer.AsMemory(0, end + 1)) is not { } size) yield break;
                held -= end + 1;
                buffer.AsSpan(end + 1, held).CopyTo(buffer);
                yield return size;
            }
        }
    }

    private static (int Width, int Height)? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var size = JsonDocument.Parse(json);
            return (size.RootElement.GetProperty("Width").GetUInt16(), size.RootElement.GetProperty("Height").GetUInt16());
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }
}
