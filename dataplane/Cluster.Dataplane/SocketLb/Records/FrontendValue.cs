using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>What is behind a frontend.</summary>
/// <param name="Service">The service's slot; the top bit is set for the external list of its backends.</param>
/// <param name="Identity">The identity the slot must have: another service may have it by now.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FrontendValue(uint Service, uint Identity)
{
    public const uint External = 1u << 31;

    public int Slot => (int)(Service & ~External);
}
