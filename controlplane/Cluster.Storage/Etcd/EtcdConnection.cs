using Grpc.Core;

namespace Cluster.Storage.Etcd;

/// <summary>Requests to the cluster: to one member, and to the next one if that fails.</summary>
internal sealed class EtcdConnection(EtcdStoreOptions options) : IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly EtcdMember[] _members = [.. options.Endpoints.Select(endpoint => new EtcdMember(endpoint, options))];
    private int _current;

    /// <summary>The member in use.</summary>
    public EtcdMember Current => _members[(uint)Volatile.Read(ref _current) % (uint)_members.Length];

    /// <summary>Turns to the next member, unless someone has already turned from <paramref name="failed"/>.</summary>
    public void TurnFrom(EtcdMember failed)
    {
        var current = Volatile.Read(ref _current);
        if (_members[(uint)current % (uint)_members.Length] == failed)
            Interlocked.CompareExchange(ref _current, current + 1, current);
    }

    /// <summary>Asks; repeated at other members, and again at all of them, until the request timeout.</summary>
    public Task<T> ReadAsync<T>(Func<EtcdMember, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) =>
        CallAsync(call, EtcdErrors.IsMemberFailure, cancellationToken);

    /// <summary>Writes; repeated only while no member has received it.</summary>
    public Task<T> WriteAsync<T>(Func<EtcdMember, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) =>
        CallAsync(call, EtcdErrors.IsNeverSent, cancellationToken);

    public void Dispose()
    {
        foreach (var member in _members)
            member.Dispose();
    }

    private async Task<T> CallAsync<T>(
        Func<EtcdMember, CallOptions, AsyncUnaryCall<T>> call, Func<RpcException, bool> mayRepeat, CancellationToken cancellationToken)
    {
        var deadline = options.Time.GetUtcNow() + options.RequestTimeout;
        for (var attempt = 1; ; attempt++)
        {
            var member = Current;
            try
            {
                using var sent = call(member, new CallOptions(deadline: deadline.UtcDateTime, cancellationToken: cancellationToken));
                return await sent;
            }
            catch (RpcException) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }
            catch (RpcException e)
            {
                if (e.StatusCode == StatusCode.Unavailable)
                    TurnFrom(member);
                if (!mayRepeat(e) || options.Time.GetUtcNow() + RetryDelay >= deadline)
                    throw EtcdErrors.Of(e, member);
            }

            if (attempt % _members.Length == 0)
                await Task.Delay(RetryDelay, options.Time, cancellationToken);
        }
    }
}
