using System.Runtime.Versioning;

// A node is a Linux machine; `cluster` says so on any other.
[assembly: SupportedOSPlatform("linux")]
