using System.Globalization;
using System.Text;
using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Handover;

/// <summary>Tells the process that serves what this one, which was taken over from, still has: a text to whoever connects to a socket in their folder.</summary>
/// <remarks>A thread of its own, until it is disposed; asked a few times a minute.</remarks>
public sealed class LeftConnections : IDisposable
{
    private const string Prefix = "left-";

    /// <summary>More lines than there are backends with connections left.</summary>
    private const int MaxBytes = 16 << 20;

    /// <summary>Both sides have it ready: who takes longer is left out.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>How long it rests where the kernel gives no descriptor for who asks.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Func<string> _text;
    private readonly ILogger _logger;
    private readonly DescriptorSocket _listener;
    private readonly string _file;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _ending = new();

    private LeftConnections(FolderHandle folder, string path, Func<string> text, ILogger logger)
    {
        _text = text;
        _logger = logger;
        // Processes of containers all have the same number.
        var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Environment.TickCount64}");
        _listener = DescriptorSocket.Listen(folder, name);
        _file = Path.Combine(path, name);
        _thread = new Thread(Run) { IsBackground = true, Name = "left" };
        _thread.Start();
    }

    public void Dispose()
    {
        _ending.Set();
        _listener.TryShutdown();
        _thread.Join();
        _listener.Dispose();
        _ending.Dispose();
        try
        {
            File.Delete(_file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next one who looks finds nobody there and removes it.
        }
    }

    /// <summary>Null where the kernel refuses, which is told: whoever serves then knows of less.</summary>
    internal static LeftConnections? TryBegin(FolderHandle folder, string path, Func<string> text, ILogger logger)
    {
        try
        {
            return new LeftConnections(folder, path, text, logger);
        }
        catch (IOException exception)
        {
            logger.LogWarning("What is left here is not told: {Reason}", exception.Message);
            return null;
        }
    }

    /// <summary>What each of the processes that were taken over from says.</summary>
    internal static IReadOnlyList<string> Ask(FolderHandle folder, string path)
    {
        var said = new List<string>();
        foreach (var file in Directory.GetFiles(path, Prefix + "*"))
        {
            try
            {
                if (Ask(folder, path, Path.GetFileName(file)) is { } text) said.Add(text);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or TimeoutException)
            {
                // One that ends in this moment, or has too much to do: the next look finds it, or nobody.
            }
        }

        return said;
    }

    private static string? Ask(FolderHandle folder, string path, string name)
    {
        using var socket = DescriptorSocket.Connect(folder, name);
        if (socket is null)
        {
            // Killed, with whatever it had.
            File.Delete(Path.Combine(path, name));
            return null;
        }

        if (socket.PeerUser != ProcessUser.Effective) return null;
        socket.SetTimeout(Patience);
        var bytes = new byte[DescriptorSocket.MaxMessageBytes];
        var descriptors = new int[DescriptorSocket.MaxDescriptors];
        using var said = new MemoryStream();
        for (int length; (length = socket.Receive(bytes, descriptors, out var count)) > 0 && said.Length < MaxBytes; said.Write(bytes, 0, length))
            foreach (var stray in descriptors.AsSpan(0, count)) SocketCalls.Close(stray);
        return Encoding.UTF8.GetString(said.GetBuffer(), 0, (int)said.Length);
    }

    private void Run()
    {
        while (!_ending.IsSet)
        {
            try
            {
                using var peer = _listener.Accept();
                if (peer is null) return;
                if (peer.PeerUser == ProcessUser.Effective) Tell(peer);
            }
            catch (Exception exception)
            {
                // The top of the thread: who asks was cut short, or there is no descriptor for it. Connections go on whatever is told of them.
                _logger.LogDebug(exception, "A question for what is left was cut short");
                _ending.Wait(Pause);
            }
        }
    }

    private void Tell(DescriptorSocket peer)
    {
        peer.SetTimeout(Patience);
        ReadOnlySpan<byte> text = Encoding.UTF8.GetBytes(_text());
        while (!text.IsEmpty)
        {
            var part = text[..Math.Min(text.Length, DescriptorSocket.MaxMessageBytes)];
            peer.Send(part, []);
            text = text[part.Length..];
        }
    }
}
