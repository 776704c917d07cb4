using System.Net;

namespace Cluster.Dataplane.Addresses;

/// <summary>An address of one of this node's interfaces.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">How many of its bits are those of the network it is in.</param>
/// <param name="Index">The interface's number; 0 where it is not known.</param>
internal readonly record struct InterfaceAddress(IPAddress Address, int PrefixLength, int Index = 0);
