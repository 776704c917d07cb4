using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Tcp.Linux;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

public sealed class PipePoolTests
{
    [Fact]
    public void TryRent_AtItsLimit_GivesNoneUntilOneComesBack()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are Linux's");
        using var pool = new PipePool(2, () => SplicePipe.TryCreate(64 * 1024), TimeProvider.System);
        var first = pool.TryRent()!;
        var second = pool.TryRent()!;
        Assert.Null(pool.TryRent());
        pool.Return(first);
        Assert.Same(first, pool.TryRent());
        pool.Return(first);
        pool.Return(second);
        Assert.Equal(2, pool.Count);
    }

    [Fact]
    public void Trim_ClosesWhatIsFreeAndRests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are Linux's");
        var time = new FakeTimeProvider();
        using var pool = new PipePool(2, () => SplicePipe.TryCreate(64 * 1024), time);
        pool.Return(pool.TryRent()!);
        pool.Trim();
        Assert.Equal(0, pool.Count);
        Assert.Null(pool.TryRent());
        time.Advance(TimeSpan.FromSeconds(1));
        pool.Return(pool.TryRent()!);
        Assert.Equal(1, pool.Count);
    }

    [Fact]
    public void TryRent_KernelGivesNone_RestsAndTriesAgain()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are Linux's");
        var time = new FakeTimeProvider();
        var attempts = 0;
        var refuses = true;
        using var pool = new PipePool(8, Create, time);
        Assert.Null(pool.TryRent());
        Assert.Null(pool.TryRent());
        Assert.Equal((1, 0), (attempts, pool.Count));

        refuses = false;
        time.Advance(TimeSpan.FromSeconds(1));
        var pipe = pool.TryRent();
        Assert.NotNull(pipe);
        Assert.Equal((2, 1), (attempts, pool.Count));
        pool.Return(pipe);

        SplicePipe? Create()
        {
            attempts++;
            return refuses ? null : SplicePipe.TryCreate(64 * 1024);
        }
    }

    [Fact]
    public void Return_PipeThatHoldsBytes_ClosesIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are Linux's");
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using var server = listener.Accept();
        client.Send("x"u8);
        server.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
        using var pool = new PipePool(1, () => SplicePipe.TryCreate(64 * 1024), TimeProvider.System);
        var pipe = pool.TryRent()!;
        Assert.Equal(1, pipe.Fill((int)server.SafeHandle.DangerousGetHandle()));
        pool.Return(pipe);
        Assert.Equal(0, pool.Count);
        var next = pool.TryRent()!;
        Assert.Equal(0, next.Held);
        pool.Return(next);
    }
}
