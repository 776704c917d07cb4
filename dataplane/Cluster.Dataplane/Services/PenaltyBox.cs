using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Services;

/// <summary>
/// Leaves TCP backends that do not take connections out of balancing, and tries each again by one connection of its own after a time that
/// doubles. Shared by all paths; where all backends of a service port are in it, all are used.
/// </summary>
/// <remarks>
/// Picks never look at it: a backend that goes in or comes out has its service port's candidates worked out anew, once, by the thread that
/// noticed, so policies stay what they are and a pick costs what it did. A path that learns of a failed connection calls
/// <see cref="Failed"/>, of one that was taken <see cref="Answered"/>, and <see cref="Suspect"/> where it can do nothing for the client; a path
/// that has lists of its own follows <see cref="ServiceDirectory.AvailabilityChanged"/> and reads <see cref="ServiceEntry.UsableInside"/> again.
/// All from any thread.
/// </remarks>
public sealed class PenaltyBox : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ServiceDirectory _directory;
    private readonly PenaltyBoxOptions _options;
    private readonly TimeProvider _time;

    internal PenaltyBox(ServiceDirectory directory, PenaltyBoxOptions options, TimeProvider time)
    {
        _directory = directory;
        _options = options;
        _time = time;
    }

    /// <summary>A backend did not take a connection (or several, where a path counts and tells later): refused, unreachable, or no answer in time.</summary>
    /// <param name="entry">Its service port, of any table.</param>
    public void Failed(ServiceEntry entry, Backend backend, int times = 1)
    {
        if (times <= 0 || backend.State.Strike(times) < _options.Strikes) return;
        Put(entry, backend, backend.Address, isSure: true);
    }

    /// <summary>
    /// A backend did not take a connection that can't be led to another any more. One is enough to spare the next clients; but it may have been
    /// the client that gave up, so the backend is tried at once.
    /// </summary>
    /// <param name="entry">Its service port, of any table.</param>
    /// <param name="backend">Which one.</param>
    /// <param name="address">The one of its addresses at which it was met, and is tried.</param>
    public void Suspect(ServiceEntry entry, Backend backend, IPEndPoint address)
    {
        backend.State.Strike(1);
        Put(entry, backend, address, isSure: false);
    }

    /// <summary>A backend is in the box of the process that served before this one, and goes on to be here.</summary>
    /// <param name="entry">Its service port.</param>
    /// <param name="backend">Which one.</param>
    /// <param name="pause">After how long it is tried.</param>
    internal void Continue(ServiceEntry entry, Backend backend, TimeSpan pause)
    {
        backend.State.Strike(_options.Strikes);
        backend.State.Pause = pause < _options.LongestPause ? pause : _options.LongestPause;
        // It counts as one that comes back soon, so that the pause stays.
        backend.State.ReleasedAt = _time.GetTimestamp();
        Put(entry, backend, backend.Address, isSure: true);
    }

    /// <summary>A backend took a connection. One read, unless it had failed before.</summary>
    public void Answered(ServiceEntry entry, Backend backend)
    {
        if (backend.State.Strikes != 0) Release(entry, backend);
    }

    /// <summary>Tries no backend again.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private void Put(ServiceEntry entry, Backend backend, IPEndPoint address, bool isSure)
    {
        if (!backend.State.TryBox(out var stay)) return;
        DataplaneMetrics.BackendsBoxed.Add(1);
        _directory.RefreshAvailability(entry);
        _ = TryAgainAsync(entry, backend, address, stay, isSure);
    }

    // Ends with this stay of the backend in the box, or with the box: one that was let out and is back has another that tries it.
    // It holds nothing that would have to be awaited.
    private async Task TryAgainAsync(ServiceEntry entry, Backend backend, IPEndPoint address, int stay, bool isSure)
    {
        var state = backend.State;
        if (state.Pause == TimeSpan.Zero || _time.GetElapsedTime(state.ReleasedAt) > 2 * state.Pause) state.Pause = _options.FirstPause;
        try
        {
            if (!isSure && await TakesConnectionAsync(address) == true)
            {
                if (state.IsInBox(stay)) Release(entry, backend);
                return;
            }

            while (state.IsInBox(stay) && Knows(entry, backend))
            {
                await Task.Delay(state.Pause, _time, _stopping.Token);
                if (!state.IsInBox(stay)) return;
                var answer = await TakesConnectionAsync(address);
                // The next time it comes here soon after it was let out, it stays for longer at once.
                if (answer is not null && state.IsInBox(stay)) state.Pause = state.Pause * 2 < _options.LongestPause ? state.Pause * 2 : _options.LongestPause;
                if (answer == true) Release(entry, backend);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            // The box has ended.
        }
    }

    private void Release(ServiceEntry entry, Backend backend)
    {
        backend.State.ForgetStrikes();
        if (!backend.State.IsBoxed) return;
        backend.State.ReleasedAt = _time.GetTimestamp();
        if (backend.State.TryRelease()) _directory.RefreshAvailability(entry);
    }

    private bool Knows(ServiceEntry entry, Backend backend)
    {
        if (_directory.InForce(entry) is not { } current) return false;
        foreach (var known in current.Backends)
            if (known.IsSameAs(backend)) return true;
        return false;
    }

    // Null where it could not be tried, for this process had no descriptor, memory or port left for it.
    private async Task<bool?> TakesConnectionAsync(IPEndPoint address)
    {
        using var patience = new CancellationTokenSource(_options.ProbeTimeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stopping.Token);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, limit.Token);
            return !SelfConnection.Is(socket, address);
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode.IsOwn() ? null : false;
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            return false;
        }
    }
}
