using Cluster.Api;
using Cluster.Api.CoordinationV1;
using Microsoft.Extensions.Logging;

namespace Cluster.Client;

/// <summary>Lets one of several processes lead, by holding a Lease.</summary>
/// <remarks>
/// Clocks are not compared: a holder counts as gone when its lease has not changed for the lease's duration by our own clock. Taking and renewing
/// are conditional writes, so of two that try at once one loses. A leader stops its work before others may take over.
/// </remarks>
public sealed class LeaderElector(IApiClient client, LeaderElectionOptions options, ILogger logger, TimeProvider time)
{
    private volatile Lease? _seen;
    private long _seenAt;
    private volatile bool _isLeader;

    public bool IsLeader => _isLeader;

    /// <summary>Another leads, as far as was seen, and this one waits for its turn.</summary>
    public bool IsStandby => !_isLeader && _seen?.Spec?.HolderIdentity is { Length: > 0 } holder && holder != options.Identity;

    /// <summary>
    /// Waits until it leads, runs <paramref name="lead"/>, whose token is cancelled when the lease is lost, and begins again; until cancelled.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await AcquireAsync(cancellationToken);
                await LeadAsync(lead, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop.
        }
    }

    private async Task AcquireAsync(CancellationToken cancellationToken)
    {
        while (!await TryHoldAsync(cancellationToken))
        {
            // Client-go's jitter: waiters must not come in step.
            await Task.Delay(options.RetryPeriod * (1 + (Random.Shared.NextDouble() * 1.2)), time, cancellationToken);
        }
    }

    private async Task LeadAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        logger.LogInformation("{Identity} leads {Lease}", options.Identity, options.Name);
        _isLeader = true;
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var work = Task.Run(() => lead(term.Token), CancellationToken.None);
        var renewing = RenewAsync(term.Token);
        await Task.WhenAny(work, renewing);
        await term.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await renewing;
        _isLeader = false;
        await ReleaseAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (work.IsFaulted)
        {
            // Not at once again: what fails at its start would turn in a circle.
            logger.LogError(work.Exception, "The work of {Lease} failed", options.Name);
            await Task.Delay(options.RetryPeriod, time, cancellationToken);
        }

        logger.LogWarning("{Identity} no longer leads {Lease}", options.Identity, options.Name);
    }

    /// <summary>Returns when the lease is lost or could not be renewed in time.</summary>
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var renewedAt = time.GetTimestamp();
        while (time.GetElapsedTime(renewedAt) < options.RenewDeadline)
        {
            await Task.Delay(options.RetryPeriod, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var began = time.GetTimestamp();
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            var left = options.RenewDeadline - time.GetElapsedTime(renewedAt, began);
            using var deadline = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
            if (await TryHoldAsync(either.Token))
            {
                renewedAt = began;
            }
            else if (_seen?.Spec?.HolderIdentity is { Length: > 0 } holder && holder != options.Identity)
            {
                return;
            }
        }
    }

    /// <summary>Takes or renews the lease; false if another holds it or the server cannot be asked.</summary>
    private async Task<bool> TryHoldAsync(CancellationToken cancellationToken)
    {
        try
        {
            var current = await GetAsync(cancellationToken);
            if (current is null)
            {
                Observe(await client.CreateAsync(Claim(null), cancellationToken));
                return true;
            }

            Observe(current);
            var spec = current.Spec ?? new();
            if (spec.HolderIdentity.Length > 0 && spec.HolderIdentity != options.Identity && !Expired(spec))
            {
                return false;
            }

            Observe(await client.UpdateAsync(Claim(current), cancellationToken));
            return true;
        }
        catch (Exception e) when (e is StatusException or HttpRequestException or IOException or OperationCanceledException)
        {
            logger.LogDebug("Lease {Lease} was not taken: {Message}", options.Name, e.Message);
            return false;
        }
    }

    private async Task<Lease?> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync<Lease>(options.Namespace, options.Name, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Remembers when the lease last changed, by our clock.</summary>
    private void Observe(Lease lease)
    {
        if (_seen is null || _seen.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
        {
            _seen = lease;
            _seenAt = time.GetTimestamp();
        }
    }

    private bool Expired(LeaseSpec spec) => time.GetElapsedTime(_seenAt) >= TimeSpan.FromSeconds(Math.Max(1, spec.LeaseDurationSeconds));

    private Lease Claim(Lease? current)
    {
        var now = time.GetUtcNow().ToMicroTime();
        var lease = current?.Clone() ?? new() { Metadata = new() { Namespace = options.Namespace, Name = options.Name } };
        lease.Spec ??= new();
        if (lease.Spec.HolderIdentity != options.Identity)
        {
            lease.Spec.LeaseTransitions = current is null ? 0 : lease.Spec.LeaseTransitions + 1;
            lease.Spec.AcquireTime = now;
        }

        lease.Spec.HolderIdentity = options.Identity;
        lease.Spec.LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds;
        lease.Spec.RenewTime = now;
        return lease;
    }

    /// <summary>Gives the lease back, so that the next leader need not wait; if that fails, it expires.</summary>
    private async Task ReleaseAsync()
    {
        if (_seen?.Spec?.HolderIdentity != options.Identity)
        {
            return;
        }

        var released = Claim(_seen);
        released.Spec.HolderIdentity = "";
        released.Spec.LeaseDurationSeconds = 1;
        using var deadline = new CancellationTokenSource(options.RetryPeriod, time);
        try
        {
            Observe(await client.UpdateAsync(released, deadline.Token));
        }
        catch (Exception e) when (e is StatusException or HttpRequestException or IOException or OperationCanceledException)
        {
            logger.LogDebug("Lease {Lease} was not given back: {Message}", options.Name, e.Message);
        }
    }
}
