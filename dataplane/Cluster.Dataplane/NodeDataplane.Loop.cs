using System.ComponentModel;
using System.Net.NetworkInformation;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane;

/// <content>The loop that follows the table, one batch of work after the other, and what gives it work.</content>
public sealed partial class NodeDataplane
{
    private void WatchAddresses()
    {
        try
        {
            NetworkChange.NetworkAddressChanged += OnNodeAddressesChanged;
            _watches = true;
        }
        catch (NetworkInformationException exception)
        {
            // Out of descriptors, most likely: the next retry tries it again.
            if (!_toldUnwatched) _logger.LogWarning("Changes of this node's addresses are not noticed for now: {Reason}", exception.Message);
            _toldUnwatched = true;
        }

        _work.Writer.TryWrite(new AddressesChanged());
    }

    private void OnNodeAddressesChanged(object? sender, EventArgs e) => _work.Writer.TryWrite(new AddressesChanged());

    private Task DoAsync(Func<Task> action)
    {
        var step = new Step(action, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_work.Writer.TryWrite(step)) step.Done.SetException(new ObjectDisposedException(nameof(NodeDataplane)));
        return step.Done.Task;
    }

    // Flows of UDP, the connect-time path and the kernel's translation follow; TCP's relays pick from what is available anyway.
    private void OnAvailabilityChanged(ServiceEntry entry) => _work.Writer.TryWrite(new AvailabilityChanged(entry));

    private async Task FollowAsync()
    {
        var batch = new List<Work>();
        var steps = new List<Step>();
        while (await _work.Reader.WaitToReadAsync())
        {
            steps.Clear();
            while (_work.Reader.TryRead(out var work))
            {
                if (work is Step step) steps.Add(step);
                else batch.Add(work);
            }

            if (!_rests) await FollowAsync(batch);
            foreach (var step in steps) await DoAsync(step);
            // What waited while it rested.
            if (!_rests || _isLeft) await FollowAsync(batch);
        }

        foreach (var changed in batch.OfType<Changed>()) changed.Done.TrySetResult();
    }

    private static async Task DoAsync(Step step)
    {
        try
        {
            await step.Action();
            step.Done.SetResult();
        }
        catch (Exception exception)
        {
            // For whoever asked to handle.
            step.Done.SetException(exception);
        }
    }

    private async Task FollowAsync(List<Work> batch)
    {
        if (batch.Count == 0) return;
        try
        {
            if (!_isLeft) await ApplyAsync(batch);
        }
        catch (Exception exception)
        {
            // The top of the loop: nft or the kernel said no to something. The table is still in force, and the retry comes. At the end it is
            // what was cut short, however it says so: the rest of the end must come.
            if (!_stopping.IsCancellationRequested) _logger.LogError(exception, "Frontends could not follow the service table");
        }

        foreach (var changed in batch.OfType<Changed>()) changed.Done.TrySetResult();
        batch.Clear();
    }

    private async Task ApplyAsync(List<Work> batch)
    {
        // First, for it can't fail: what is noted is carried out by the next retry at the latest.
        _hasTable |= batch.OfType<Changed>().Any();
        foreach (var change in batch.OfType<Changed>().SelectMany(changed => changed.Changes))
        {
            _health.Follow(change);
            if (_nat is null) _frontends.Take(change);
            else _nat.Take(change);
        }

        foreach (var changed in batch.OfType<AvailabilityChanged>())
        {
            if (Directory.InForce(changed.Entry) is not { } entry) continue;
            _sockets.Refresh(entry);
            if (_nat is null) _relays.BackendsChanged(entry);
            else _nat.Take(new ServiceTableChange(entry, entry));
        }

        _hasNewAddresses |= batch.OfType<AddressesChanged>().Any();
        if (_hasNewAddresses) LookAtAddresses();

        if (batch.OfType<Retry>().Any()) _sockets.Retry();
        if (batch.OfType<Retry>().Any() && _watching.IsCompleted && !_watches) WatchAddresses();
        await _frontends.ApplyAsync(retry: batch.OfType<Retry>().Any(), _stopping.Token);
        if (!_natWaits) _nat?.Apply(published: _hasTable);
        if (!batch.OfType<Verify>().Any()) return;
        await _addresses.VerifyAsync(_stopping.Token);
        if (_nat is not null && !_natWaits) await _nat.VerifyAsync(Directory.Current, _stopping.Token);
    }

    private void LookAtAddresses()
    {
        try
        {
            NoteOrigins();
            _frontends.RefreshNodeAddresses(Directory.Current);
            _hasNewAddresses = false;
            _toldUnlisted = false;
        }
        catch (Win32Exception exception) when (Shortage.Is(exception))
        {
            // Asked for again with the next work there is; services need not wait for it.
            if (!_toldUnlisted) _logger.LogWarning("This node's addresses can't be listed for now: {Reason}", exception.Message);
            _toldUnlisted = true;
        }
    }

    private void NoteOrigins()
    {
        Directory.Origins.Set(_podRanges, NodeAddresses.Current());
        Directory.Sources.Set(_addresses.ReturnsAnswers ? NodeAddresses.Networks() : []);
    }

    private abstract record Work;

    private sealed record Changed(IReadOnlyList<ServiceTableChange> Changes, TaskCompletionSource Done) : Work;

    private sealed record AddressesChanged : Work;

    private sealed record AvailabilityChanged(ServiceEntry Entry) : Work;

    private sealed record Retry : Work;

    private sealed record Verify : Work;

    private sealed record Step(Func<Task> Action, TaskCompletionSource Done) : Work;
}
