using System.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>What a test wants of its UDP relay beyond a path and backends.</summary>
internal sealed record UdpSetup
{
    public UdpRelayOptions Options { get; init; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    public UdpMode Mode { get; init; }

    public string? Policy { get; init; }

    public TimeSpan IdleTimeout { get; init; }
}
