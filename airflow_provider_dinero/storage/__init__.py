"""Files in object storage, on an SFTP server or a local disk, with atomic writes, timeouts and clear errors."""
