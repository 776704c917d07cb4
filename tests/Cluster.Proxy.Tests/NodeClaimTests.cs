using System.Net.Sockets;
using Cluster.Testing;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Tests;

public sealed class NodeClaimTests
{
    private static readonly string Table = $"claim_{Guid.NewGuid():N}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Take_AnotherProxyHasIt_IsRefusedWithItsProcessHoweverOftenOneAsks()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "abstract names are Linux's");
        var log = new RecordedLog();
        using var first = new NodeClaim(Table, log, TimeProvider.System);
        await first.TakeAsync(Cancel);
        // More than wait in a queue, where nobody lets go of them.
        for (var i = 0; i < 5000; i++)
        {
            using var asking = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await asking.ConnectAsync(new UnixDomainSocketEndPoint($"\0cluster-proxy/{Table}"), Cancel);
        }

        using var second = new NodeClaim(Table, log, TimeProvider.System);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => second.TakeAsync(Cancel));
        Assert.Contains($"another proxy (process {Environment.ProcessId}) serves this node already", refused.Message, StringComparison.Ordinal);
        Assert.Empty(log.Lines);
        first.Dispose();
        await second.TakeAsync(Cancel);
    }

    [Fact]
    public async Task Take_NameHeldByWhoDoesNotListen_IsWarnedOfAndGoesOn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "abstract names are Linux's");
        var table = Table + "_held";
        using var holder = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        holder.Bind(new UnixDomainSocketEndPoint($"\0cluster-proxy/{table}"));
        var log = new RecordedLog(LogLevel.Warning);
        using var claim = new NodeClaim(table, log, TimeProvider.System);
        await claim.TakeAsync(Cancel);
        Assert.Contains("does not listen there", Assert.Single(log.Lines), StringComparison.Ordinal);
    }
}
