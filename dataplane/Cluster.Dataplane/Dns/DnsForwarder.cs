using System.Collections.Concurrent;
using System.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>Asks the host's resolvers what the cluster does not know, and keeps what they say.</summary>
/// <remarks>
/// The same question is asked once at a time, however many wait for it: that also ends a ring of servers that ask each other, which comes
/// back here with a question under way. Servers that are ourselves are left out. Bounded in number and time.
/// </remarks>
internal sealed class DnsForwarder(DnsCache cache, Func<ResolverSettings> resolvers, IPEndPoint self, DnsServerOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Servers asked for one question, as resolvers do (MAXNS).</summary>
    private const int MaxServers = 3;

    /// <summary>Each server is asked that often before the question is given up: a datagram may be lost.</summary>
    private const int Rounds = 2;

    private static readonly TimeSpan LeastTry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(2);

    /// <summary>Stale answers are not tried to be renewed more often (RFC 8767, 5: 30 s at most).</summary>
    private static readonly TimeSpan StaleRetry = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<UpstreamQuestion, Task<UpstreamAnswer>> _underWay = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly UpstreamExchange _exchange = new(options, time);
    private readonly ServerHealth _health = new(time);

    /// <summary>The time as answers and the cache count it.</summary>
    public static long Now(TimeProvider time) => time.GetTimestamp() / (time.TimestampFrequency / 1000);

    /// <summary>The answer of the first server that gives one, a stale one where none does, or the failure. Never throws.</summary>
    public Task<UpstreamAnswer> AskAsync(UpstreamQuestion question)
    {
        if (cache.Find(question.Name, question.Type, Now(time)) is { } known) return Task.FromResult(known);
        if (_underWay.TryGetValue(question, out var asked)) return asked;
        if (_underWay.Count >= options.MaxQuestions) return Task.FromResult(GiveUp(question, DnsResponseCode.ServerFailure));
        var mine = new TaskCompletionSource<UpstreamAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        asked = _underWay.GetOrAdd(question, mine.Task);
        if (asked == mine.Task) _ = CompleteAsync(question, mine);
        return asked;
    }

    public void Dispose()
    {
        _stopping.Cancel();
        Task.WaitAll(_underWay.Values.ToArray());
        _stopping.Dispose();
    }

    private async Task CompleteAsync(UpstreamQuestion question, TaskCompletionSource<UpstreamAnswer> asked)
    {
        UpstreamAnswer answer;
        try
        {
            answer = await TryServersAsync(question);
        }
        catch (Exception)
        {
            // The top of the question's own task: whatever went wrong, those who wait are told, and by the metric people are.
            answer = GiveUp(question, DnsResponseCode.ServerFailure);
        }

        _underWay.TryRemove(question, out _);
        asked.SetResult(answer);
    }

    private async Task<UpstreamAnswer> TryServersAsync(UpstreamQuestion question)
    {
        DnsMetrics.Count(ref DnsMetrics.Forwarded);
        long began = time.GetTimestamp();
        bool stale = FindStale(question) is not null;
        TimeSpan patience = stale ? options.StaleQuestionTime : options.QuestionTime;
        IPEndPoint[] servers = _health.Order([.. resolvers().Servers.Where(server => !IsSelf(server)).Distinct().Take(MaxServers)]);
        var code = DnsResponseCode.ServerFailure;
        for (int i = 0; i < servers.Length * Rounds; i++)
        {
            IPEndPoint server = servers[i % servers.Length];
            TimeSpan left = patience - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || _stopping.IsCancellationRequested) break;
            TimeSpan limit = TimeSpan.FromTicks(Math.Clamp(patience.Ticks / (servers.Length * Rounds), LeastTry.Ticks, LongestTry.Ticks));
            UpstreamAnswer? answer = await _exchange.TryAskAsync(server, question, limit < left ? limit : left, _stopping.Token);
            // A server that refuses a name, or can't find out, is there; another may know more of that name, and no less of any other.
            _health.Note(server, answer is not null);
            if (answer is null) continue;
            code = answer.Code;
            if (answer.IsFailure) continue;
            cache.Add(answer);
            return answer;
        }

        UpstreamAnswer failure = GiveUp(question, code, servers.Length == 0 || _stopping.IsCancellationRequested ? TimeSpan.Zero : options.FailureTtl);
        if (failure.IsFailure) cache.Add(failure);
        return failure;
    }

    private UpstreamAnswer GiveUp(UpstreamQuestion question, DnsResponseCode code, TimeSpan remembered = default)
    {
        DnsMetrics.Count(ref DnsMetrics.ForwardFailures);
        if (FindStale(question) is not { } stale) return UpstreamAnswer.Failure(question, code, Now(time), remembered);
        stale.Extend(Now(time) + (long)StaleRetry.TotalMilliseconds);
        DnsMetrics.Count(ref DnsMetrics.Stale);
        return stale;
    }

    private UpstreamAnswer? FindStale(UpstreamQuestion question) =>
        cache.FindStale(question.Name, question.Type, Now(time), (long)options.StaleTime.TotalMilliseconds);

    private bool IsSelf(IPEndPoint server) => server.Port == self.Port
        && (server.Address.Equals(self.Address) || (self.Address.Equals(IPAddress.Any) || self.Address.Equals(IPAddress.IPv6Any)) && IPAddress.IsLoopback(server.Address));
}
