namespace Cluster.Dataplane.Tests.Udp;

/// <summary>The ways through for UDP.</summary>
public enum UdpPath
{
    Managed,
    Loop,
}

public sealed class ManagedUdpRelayTests() : UdpRelayTests(UdpPath.Managed);

public sealed class LoopUdpRelayTests() : UdpRelayTests(UdpPath.Loop);

public sealed class ManagedUdpModeTests() : UdpModeTests(UdpPath.Managed);

public sealed class LoopUdpModeTests() : UdpModeTests(UdpPath.Loop);

// Thousands of datagrams over bounded socket buffers: what else runs would decide how many overflow.
[Collection(nameof(Alone))]
public sealed class ManagedUdpIntegrityTests() : UdpIntegrityTests(UdpPath.Managed);

[Collection(nameof(Alone))]
public sealed class LoopUdpIntegrityTests() : UdpIntegrityTests(UdpPath.Loop);
