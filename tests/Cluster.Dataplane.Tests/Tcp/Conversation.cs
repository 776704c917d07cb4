using System.Net.Sockets;

namespace Cluster.Dataplane.Tests.Tcp;

internal enum ConversationEnd
{
    BothAtOnce,
    ClientHalfClosesFirst,
    BackendHalfClosesFirst,
    ClientResets,
    BackendResets,
}

/// <summary>What both sides of one connection do, all of it derived from a number, so that each knows what the other must send.</summary>
internal sealed class Conversation
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly byte[] _up;
    private readonly byte[] _down;

    public Conversation(int number)
    {
        Number = number;
        var random = new Random(number);
        End = (ConversationEnd)random.Next(5);
        _up = new byte[Size(random)];
        _down = new byte[Size(random)];
        random.NextBytes(_up);
        random.NextBytes(_down);
    }

    public int Number { get; }

    public ConversationEnd End { get; }

    public async Task<bool> PlayClientAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        var random = new Random(Number + 1);
        switch (End)
        {
            case ConversationEnd.ClientHalfClosesFirst:
                await SendAsync(socket, _up, random, patience.Token);
                socket.Shutdown(SocketShutdown.Send);
                return await ReceivesAsync(socket, _down, random, patience.Token);
            case ConversationEnd.BackendHalfClosesFirst:
                if (!await ReceivesAsync(socket, _down, random, patience.Token)) return false;
                await SendAsync(socket, _up, random, patience.Token);
                socket.Shutdown(SocketShutdown.Send);
                return true;
            case ConversationEnd.ClientResets:
                // A reset may overtake what was sent before it: the backend must know first which conversation this is.
                await socket.ReceiveAsync(new byte[1], patience.Token);
                // Half of what the backend waits for, then a reset: the backend must see a reset and not an end.
                await SendAsync(socket, _up.AsMemory(0, _up.Length / 2), random, patience.Token);
                socket.ResetAndClose();
                return true;
            case ConversationEnd.BackendResets:
                await socket.ReceiveAsync(new byte[1], patience.Token);
                await socket.ReceiveAsync(new byte[1], patience.Token);
                return false;
            default:
                var sending = SendAsync(socket, _up, random, patience.Token);
                var received = ReceivesAsync(socket, _down, new Random(Number + 2), patience.Token);
                await sending;
                socket.Shutdown(SocketShutdown.Send);
                return await received;
        }
    }

    public async Task<bool> PlayBackendAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        var random = new Random(Number + 3);
        switch (End)
        {
            case ConversationEnd.ClientHalfClosesFirst:
                if (!await ReceivesAsync(socket, _up, random, patience.Token)) return false;
                await SendAsync(socket, _down, random, patience.Token);
                socket.Shutdown(SocketShutdown.Send);
                return true;
            case ConversationEnd.BackendHalfClosesFirst:
                await SendAsync(socket, _down, random, patience.Token);
                socket.Shutdown(SocketShutdown.Send);
                return await ReceivesAsync(socket, _up, random, patience.Token);
            case ConversationEnd.ClientResets:
                await socket.SendAsync(new byte[1], patience.Token);
                await ReceivesAsync(socket, _up, random, patience.Token);
                return false;
            case ConversationEnd.BackendResets:
                await socket.SendAsync(new byte[1], patience.Token);
                await Task.Delay(random.Next(3), patience.Token);
                socket.ResetAndClose();
                return true;
            default:
                var sending = SendAsync(socket, _down, random, patience.Token);
                var received = ReceivesAsync(socket, _up, new Random(Number + 4), patience.Token);
                await sending;
                socket.Shutdown(SocketShutdown.Send);
                return await received;
        }
    }

    public override string ToString() => $"conversation {Number} ({End}, {_up.Length} up, {_down.Length} down)";

    // Mostly small, some larger than every buffer on the way.
    private static int Size(Random random) => random.Next(10) switch
    {
        0 => 0,
        1 => random.Next(200_000, 2_000_000),
        _ => random.Next(1, 20_000),
    };

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> data, Random random, CancellationToken cancellationToken)
    {
        while (data.Length > 0)
        {
            var piece = Math.Min(data.Length, random.Next(1, 100_000));
            await socket.SendAllAsync(data[..piece]);
            data = data[piece..];
            if (random.Next(4) == 0) await Task.Delay(random.Next(3), cancellationToken);
        }
    }

    private static async Task<bool> ReceivesAsync(Socket socket, byte[] expected, Random random, CancellationToken cancellationToken)
    {
        // Every tenth reads slowly, a little at a time.
        var slow = random.Next(10) == 0;
        var buffer = new byte[slow ? 8_000 : 64_000];
        var position = 0;
        while (await socket.ReceiveAsync(buffer, cancellationToken) is var length and > 0)
        {
            if (position + length > expected.Length || !buffer.AsSpan(0, length).SequenceEqual(expected.AsSpan(position, length))) return false;
            position += length;
            if (slow) await Task.Delay(1, cancellationToken);
        }

        return position == expected.Length;
    }
}
