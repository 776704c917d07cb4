using System.Net;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Linux.Bpf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>The connect-time path as the data plane keeps it, where the kernel says no for a while.</summary>
public sealed class SocketPathTests
{
    [Fact]
    public async Task Apply_WhatTheKernelRefuses_IsOfferedAgain()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        var cgroup = Directory.CreateDirectory(Path.Combine(BpfSupport.Cgroup!, $"cluster-test-{Environment.ProcessId}")).FullName;
        using var folder = new BpfFolder();
        try
        {
            var options = new SocketLoadBalancerOptions { CgroupPath = cgroup, PinPath = folder.Path, MaxServices = 16, MaxBackends = 64, MaxSlots = 256, MaxFlows = 64 };
            await SocketLoadBalancer.TryStart(options, NullLogger.Instance, out _)!.DisposeAsync();
            var log = new Lines();
            // Of another size: programs are put in place with the first table, and by then the cgroup is gone.
            var directory = new ServiceDirectory();
            await using var path = new SocketPath(options with { MaxSlots = 512 }, directory, [], new OneLogger(log), TimeProvider.System);
            path.Start([]);
            Directory.Delete(cgroup);
            var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("198.18.255.9")] };
            directory.Set(port, Make.Backends(2));
            path.Apply(directory.Publish(), directory.Current);
            Assert.Single(log.All, line => line.Contains("goes on trying", StringComparison.Ordinal));
            path.Retry();
            Assert.Single(log.All, line => line.Contains("goes on trying", StringComparison.Ordinal));

            Directory.CreateDirectory(cgroup);
            path.Retry();
            Assert.Contains("The connect-time path follows the service table again", log.All);
            Assert.Single(path.Balancer!.Counters());
            using var made = FolderHandle.Open(cgroup);
            Assert.All(Directory.GetFiles(Path.Combine(folder.Path, "sockets", "links")), file =>
            {
                using var link = BpfLink.Open(file);
                Assert.Equal(made.Inode, link!.CgroupId);
            });
        }
        finally
        {
            SocketLoadBalancer.Remove(folder.Path);
            Directory.CreateDirectory(folder.Path);
            Directory.Delete(cgroup);
        }
    }

    [Fact]
    public async Task Retry_OnceTheOtherProcessHasLetGo_BeginsWithTheTableInForce()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        var cgroup = Directory.CreateDirectory(Path.Combine(BpfSupport.Cgroup!, $"cluster-held-{Environment.ProcessId}")).FullName;
        using var folder = new BpfFolder();
        try
        {
            var options = new SocketLoadBalancerOptions { CgroupPath = cgroup, PinPath = folder.Path, MaxServices = 16, MaxBackends = 64, MaxSlots = 256, MaxFlows = 64, LockPatience = TimeSpan.Zero };
            var other = SocketLoadBalancer.TryStart(options, NullLogger.Instance, out _)!;
            var log = new Lines();
            var directory = new ServiceDirectory();
            await using var path = new SocketPath(options, directory, [], new OneLogger(log), TimeProvider.System);
            path.Start([]);
            var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { VirtualAddresses = [IPAddress.Parse("198.18.255.10")] };
            directory.Set(port, Make.Backends(2));
            path.Apply(directory.Publish(), directory.Current);
            path.Retry();
            Assert.Contains("another process", path.Left(port)!.Value.Why, StringComparison.Ordinal);
            Assert.Single(log.All, line => line.Contains("another process", StringComparison.Ordinal));

            await other.DisposeAsync();
            path.Retry();
            Assert.Single(path.Balancer!.Counters());
            Assert.Null(path.Left(port));
        }
        finally
        {
            SocketLoadBalancer.Remove(folder.Path);
            Directory.CreateDirectory(folder.Path);
            Directory.Delete(cgroup);
        }
    }
}
