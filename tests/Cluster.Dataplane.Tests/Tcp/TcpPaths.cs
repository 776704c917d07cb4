namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>The ways through for TCP.</summary>
public enum TcpPath
{
    Managed,
    Loop,
}

public sealed class ManagedTcpRelayTests() : TcpRelayTests(TcpPath.Managed);

public sealed class LoopTcpRelayTests() : TcpRelayTests(TcpPath.Loop);

// Descriptors are counted over the whole process: nothing else runs meanwhile.
[Collection(nameof(Alone))]
public sealed class ManagedIntegrityTests() : IntegrityTests(TcpPath.Managed);

[Collection(nameof(Alone))]
public sealed class LoopIntegrityTests() : IntegrityTests(TcpPath.Loop);
