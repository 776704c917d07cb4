namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>The ways through for TCP.</summary>
public enum TcpPath
{
    Managed,
    Loop,
}

public sealed class ManagedTcpRelayTests() : TcpRelayTests(TcpPath.Managed);

public sealed class LoopTcpRelayTests() : TcpRelayTests(TcpPath.Loop);

public sealed class ManagedIntegrityTests() : IntegrityTests(TcpPath.Managed);

public sealed class LoopIntegrityTests() : IntegrityTests(TcpPath.Loop);
