using Cluster.ApiServer.Hosting;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class HandshakeThreadsTests
{
    private const string Name = "TLS handshakes";

    [Fact]
    public async Task Switch_GoesOnOnAThreadThatYieldsToOthers()
    {
        using var threads = new HandshakeThreads(1);
        await threads.SwitchAsync();
        var name = Thread.CurrentThread.Name;
        // The thread's own niceness is the seventeenth field after the name, which is in brackets.
        var stat = OperatingSystem.IsLinux() ? File.ReadAllText("/proc/thread-self/stat") : "";
        await Task.Yield();

        Assert.Equal(Name, name);
        Assert.NotEqual(Name, Thread.CurrentThread.Name);
        if (stat.Length > 0)
            Assert.Equal("10", stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16]);
    }

    [Fact]
    public async Task Switch_AfterDispose_GoesOnOnThePool()
    {
        var threads = new HandshakeThreads(1);
        threads.Dispose();

        await threads.SwitchAsync();

        Assert.True(Thread.CurrentThread.IsThreadPoolThread);
    }
}
