namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>The ways through for TCP.</summary>
public enum TcpPath
{
    Managed,
    Loop,

    /// <summary>The loop path with every connection's bytes in its io_uring from the start.</summary>
    Ring,

    /// <summary>The loop path with every direction spliced from its first byte, as far as two pipes a loop go.</summary>
    Splice,
}

public sealed class ManagedTcpRelayTests() : TcpRelayTests(TcpPath.Managed);

public sealed class LoopTcpRelayTests() : TcpRelayTests(TcpPath.Loop);

public sealed class RingTcpRelayTests() : TcpRelayTests(TcpPath.Ring);

public sealed class SpliceTcpRelayTests() : TcpRelayTests(TcpPath.Splice);

// Descriptors are counted over the whole process: nothing else runs meanwhile.
[Collection(nameof(Alone))]
public sealed class ManagedIntegrityTests() : IntegrityTests(backends => new TcpRelayRig(TcpPath.Managed, null, backends));

[Collection(nameof(Alone))]
public sealed class LoopIntegrityTests() : IntegrityTests(backends => new TcpRelayRig(TcpPath.Loop, null, backends));

[Collection(nameof(Alone))]
public sealed class RingIntegrityTests() : IntegrityTests(backends => new TcpRelayRig(TcpPath.Ring, null, backends));

[Collection(nameof(Alone))]
public sealed class SpliceIntegrityTests() : IntegrityTests(backends => new TcpRelayRig(TcpPath.Splice, null, backends));

public sealed class ManagedFailureMaskingTests() : FailureMaskingTests(TcpPath.Managed);

public sealed class LoopFailureMaskingTests() : FailureMaskingTests(TcpPath.Loop);

public sealed class RingFailureMaskingTests() : FailureMaskingTests(TcpPath.Ring);

public sealed class ManagedRebalanceTests() : RebalanceTests(TcpPath.Managed);

public sealed class LoopRebalanceTests() : RebalanceTests(TcpPath.Loop);

public sealed class RingRebalanceTests() : RebalanceTests(TcpPath.Ring);
